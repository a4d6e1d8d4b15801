"""What the door forwards to: one small port, over HTTP or by a direct call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.types import Receive, Send

HeaderList = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Forward:
    """One request as the upstream shall see it: exactly the string that was matched, and headers made by us."""

    method: str
    path: bytes
    query: bytes
    headers: HeaderList
    client: tuple[str, int] | None = None


class UpstreamDown(Exception):
    """The upstream cannot be reached, or broke off; `started` once the first byte of the answer was passed on."""


class Upstream(Protocol):
    """Somewhere that answers requests."""

    async def forward(self, request: Forward, receive: Receive, send: Send) -> None:
        """Stream the body up and the answer down. Errors: `UpstreamDown`."""

    async def close(self) -> None:
        """Give the connections back."""
