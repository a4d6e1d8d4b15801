"""G-01: the route table: default deny, one owner per segment, nothing ambiguous."""

from pathlib import Path

import pytest
from gateway.domain.roles import OWN_IDENTITY, role_table
from gateway.proxy.door import Door
from gateway.routing.table import InvalidTable, load_table, parse

TABLE = load_table()


@pytest.mark.parametrize(
    ("path", "upstream"),
    [(b"/api/v1/lines", "credit"), (b"/api/v1/lines/1/freeze", "credit"), (b"/api/v1/collection-cases", "collection"),
     (b"/api/v1/auth/login", "gateway"), (b"/healthz", "gateway"), (b"/.well-known/jwks.json", "gateway")],
)  # fmt: skip
def test_each_segment_has_its_upstream(path: bytes, upstream: str) -> None:
    """G-01."""
    route = TABLE.match(path)
    assert route is not None
    assert route.upstream == upstream


@pytest.mark.parametrize(
    "path",
    [b"/api/v1/linesx", b"/api/v1/", b"/internal/clock", b"/api/v1/internal/clock", b"/api/v2/lines", b"/", b"/openapi.json",
     b"/api/v1/lines/%2e%2e/users", b"/api/v1/lines/%2F", b"/api/v1/lines/..", b"/api/v1/lines/./x", b"/api/v1//lines", b"/api/v1/lines;x",
     b"/api/v1/lines\\x", b"/api/v1/lines/%5Cx", b"/api/v1/lines/%00"],
)  # fmt: skip
def test_what_is_unknown_or_ambiguous_matches_nothing(path: bytes) -> None:
    """G-01: default deny."""
    assert TABLE.match(path) is None


def test_two_upstreams_with_one_segment_refuse_the_table() -> None:
    """G-01."""
    one = {"upstream": "credit", "segments": ["x"], "permissions": {"GET": ["p"]}}
    with pytest.raises(InvalidTable, match="both claim /x"):
        parse({"routes": [one, one | {"upstream": "collection"}], "root": []})


@pytest.mark.parametrize("broken", [{"permissions": {}}, {"permissions": {"GET": []}}, {"permissions": {"FETCH": ["p"]}}])
def test_a_route_must_open_something(broken: dict[str, object]) -> None:
    """G-01: an empty permission list is no open door."""
    with pytest.raises(InvalidTable):
        parse({"routes": [{"upstream": "credit", "segments": ["x"], **broken}], "root": []})


def test_every_permission_of_the_table_exists() -> None:
    """G-05."""
    known = role_table().permissions() | {OWN_IDENTITY}
    named = {name for route in TABLE.routes.values() for needed in route.permissions.values() for name in needed}
    assert named <= known


def test_a_broken_file_keeps_the_old_table(tmp_path: Path) -> None:
    """G-01: reload is atomic."""
    door = Door(TABLE, {}, None, None)  # type: ignore[arg-type]
    path = tmp_path / "routes.yaml"
    path.write_text("routes: [")
    with pytest.raises(InvalidTable):
        door.replace_table(load_table(path))
    assert door._table is TABLE
