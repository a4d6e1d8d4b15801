"""The declarative route table: loaded from YAML, validated, matched; what is not in it does not exist."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

PREFIX = "/api/v1/"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
AMBIGUOUS = re.compile(rb"%2f|%2e|%5c|%00|;|//|\\|/\.{1,2}(/|$)", re.IGNORECASE)


class InvalidTable(ValueError):
    """A route table that must not be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Route:
    """One segment of one upstream: permissions by method (any of them opens it), limits in bytes, seconds, calls per second."""

    upstream: str
    segment: str
    permissions: Mapping[str, tuple[str, ...]]
    public: frozenset[str] = frozenset()
    deadline_s: float = 30.0
    largest_body: int = 1024 * 1024
    rate: float = 100.0
    burst: int = 200
    stream: bool = False

    def allows(self, method: str) -> bool:
        """Whether the method is routed at all."""
        return method in self.permissions or method in self.public


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Segments of the API, and the gateway's own pages at the root."""

    routes: Mapping[str, Route]
    root: Mapping[str, Route]

    def match(self, path: bytes) -> Route | None:
        """The route of a raw path, or None; an ambiguous path matches nothing."""
        if AMBIGUOUS.search(path):
            return None
        text = path.decode("latin-1")
        if text.startswith(PREFIX):
            return self.routes.get(text[len(PREFIX) :].split("/", 1)[0])
        return self.root.get("/" + text[1:].split("/", 1)[0])


def load_table(path: Path | None = None) -> RouteTable:
    """The shipped table, or another one. Errors: `InvalidTable`."""
    text = path.read_text() if path else (files("gateway") / "routes.yaml").read_text()
    try:
        return parse(yaml.safe_load(text))
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InvalidTable(f"the route table cannot be read: {error!r}") from error


def parse(document: Mapping[str, Any]) -> RouteTable:
    """Check and build. Errors: `InvalidTable` when two upstreams claim one segment, or a route opens nothing."""
    routes: dict[str, Route] = {}
    for entry in document["routes"]:
        for route in _routes(entry):
            other = routes.setdefault(route.segment, route)
            if other is not route:
                raise InvalidTable(f"{route.upstream} and {other.upstream} both claim /{route.segment}")
    root = {f"/{segment}": route for entry in document["root"] for route in _routes(entry) for segment in [route.segment]}
    return RouteTable(routes, root)


def _routes(entry: Mapping[str, Any]) -> Sequence[Route]:
    limits = {name: entry[name] for name in ("deadline_s", "largest_body", "rate", "burst", "stream") if name in entry}
    made = []
    for segment in entry["segments"]:
        permissions = {method: tuple(needed) for method, needed in entry.get("permissions", {}).items()}
        public = frozenset(entry.get("public", ()))
        unknown = (set(permissions) | public) - METHODS
        if unknown or not (permissions or public) or any(not needed for needed in permissions.values()):
            raise InvalidTable(f"/{segment} opens nothing, or an unknown method {sorted(unknown)}")
        made.append(Route(entry["upstream"], segment, permissions, public, **limits))
    return made
