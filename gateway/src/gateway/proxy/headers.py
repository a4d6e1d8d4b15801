"""Headers in and out: nothing hop-by-hop, nothing forged, our ids on everything."""

from starlette.types import Scope

from gateway.proxy.ports import HeaderList

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"upgrade",
        b"proxy-connection",
    }
)
OURS = (
    b"x-user",
    b"x-internal",
    b"x-session",
    b"x-forwarded",
    b"x-real-ip",
    b"x-request-id",
    b"x-correlation-id",
    b"forwarded",
    b"traceparent",
    b"authorization",
)


def inbound(scope: Scope, added: HeaderList) -> list[tuple[bytes, bytes]]:
    """What the upstream sees: the caller's headers without hop-by-hop and identity ones, then ours."""
    named = _named_by_connection(scope)
    kept = [
        (name, value) for name, value in scope["headers"]
        if name not in HOP_BY_HOP and name not in named and not name.startswith(OURS)
    ]  # fmt: skip
    return [*kept, *added]


def outbound(headers: HeaderList, request_id: bytes) -> list[tuple[bytes, bytes]]:
    """What the caller sees."""
    kept = [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP and name.lower() != b"x-request-id"]
    return [*kept, (b"x-request-id", request_id), (b"x-content-type-options", b"nosniff")]


def _named_by_connection(scope: Scope) -> frozenset[bytes]:
    """Headers that `Connection` declares as belonging to this hop."""
    values = [value for name, value in scope["headers"] if name == b"connection"]
    return frozenset(part.strip().lower() for value in values for part in value.split(b","))
