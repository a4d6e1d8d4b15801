"""Raw ASGI around a service: one Host, a body in time and of a bounded size, request and correlation ids, the access log."""

import asyncio
import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.observability.metrics import Metrics
from shared.observability.tracing import correlation, next_traceparent, traceparent
from shared.values.errors import BadRequest, Refusal
from shared.values.ids import new_id
from shared.web.problems import problem_response

LARGEST_BODY = 4 * 1024 * 1024
BODY_S = 30.0
BYTES_PER_S = 64 * 1024
log = logging.getLogger("access")


class RequestTooLarge(Refusal):
    """More body than a service takes (413)."""

    status = 413


class RequestTooSlow(Refusal):
    """The body did not come in time (408)."""

    status = 408


class Frame:
    """Everything that is the same for all requests of a service."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        correlation.set(headers.get("x-correlation-id") or str(new_id()))
        traceparent.set(next_traceparent(headers.get("traceparent")))
        started, status = time.perf_counter(), [500]

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        try:
            await self._guarded(scope, bounded(receive), counted)
        finally:
            self._told(scope, status[0], time.perf_counter() - started)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            _check(scope)
            await self._app(scope, receive, send)
        except (BadRequest, RequestTooLarge, RequestTooSlow) as refusal:
            await problem_response(refusal)(scope, receive, send)

    def _told(self, scope: Scope, status: int, seconds: float) -> None:
        self._metrics.request(scope["method"], status, seconds)
        log.info(
            "answered",
            extra={"method": scope["method"], "path": scope["path"], "status": status, "ms": round(seconds * 1000, 1)},
        )


def _check(scope: Scope) -> None:
    if sum(name == b"host" for name, _ in scope["headers"]) != 1:
        raise BadRequest("HOST_INVALID", "exactly one Host header, please")
    if b"%00" in scope.get("query_string", b"") or "\0" in scope["path"]:
        raise BadRequest("NUL_IN_ADDRESS", "an address must not contain NUL")


def bounded(receive: Receive, largest: int = LARGEST_BODY) -> Receive:
    """`receive` with a size and a deadline: 30 s and one more per 64 KiB. Errors: 413 and 408, raised where it is read."""
    begun, taken = time.monotonic(), [0]

    async def next_message() -> Message:
        left = BODY_S + taken[0] / BYTES_PER_S - (time.monotonic() - begun)
        if taken[0] < 0:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(left, 0.001))
        except TimeoutError:
            raise RequestTooSlow("BODY_TOO_SLOW", "the body did not come in time") from None
        taken[0] += len(message.get("body", b""))
        if taken[0] > largest:
            raise RequestTooLarge("BODY_TOO_LARGE", f"at most {largest} bytes")
        if not message.get("more_body", False):
            taken[0] = -1
        return message

    return next_message
