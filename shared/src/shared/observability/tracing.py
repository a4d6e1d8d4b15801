"""The W3C `traceparent`: one trace id through gateway, services and event headers, written into every log line."""

import re
import secrets
from contextvars import ContextVar

FORM = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
correlation: ContextVar[str | None] = ContextVar("correlation", default=None)
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def next_traceparent(received: str | None) -> str:
    """The same trace with a span of ours; a new trace when none, or a malformed one, was received."""
    found = FORM.match(received or "")
    if found is None or set(found.group(1)) == {"0"} or set(found.group(2)) == {"0"}:
        return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    return f"00-{found.group(1)}-{secrets.token_hex(8)}-{found.group(3)}"
