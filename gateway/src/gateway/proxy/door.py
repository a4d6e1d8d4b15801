"""The door: match, authenticate, limit, forward, tell. Raw ASGI; every refusal is a problem."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.observability.metrics import Metrics
from shared.observability.tracing import correlation, next_traceparent
from shared.values.errors import BadRequest, Forbidden, Missing, Refusal, TooMany, Unauthenticated, Unavailable
from shared.values.ids import new_id
from shared.web.limits import RequestTooLarge, bounded
from shared.web.problems import problem_response
from starlette.types import Message, Receive, Scope, Send

from gateway.identity.access import Access, Identity
from gateway.proxy.headers import inbound, outbound
from gateway.proxy.limits import Guard, RateLimit, RetryBudget
from gateway.proxy.ports import Forward, Upstream, UpstreamDown
from gateway.routing.table import Route, RouteTable

LARGEST_HEADERS = 16 * 1024
SAFE = frozenset({"GET", "HEAD"})
log = logging.getLogger("access")


class MethodNotRouted(Refusal):
    """The path exists, the method does not (405)."""

    status = 405


class HeadersTooLarge(Refusal):
    """More headers than we take (431)."""

    status = 431


class UpstreamTimeout(Refusal):
    """No answer within the route's deadline (504)."""

    status = 504


@dataclass
class _Call:
    """One request on its way through the door."""

    scope: Scope
    receive: Receive
    send: Send
    request_id: str = field(default_factory=lambda: str(new_id()))
    started: bool = False
    consumed: bool = False
    status: int = 500
    who: str = "-"

    def header(self, name: bytes) -> str | None:
        return next((value.decode("latin-1") for key, value in self.scope["headers"] if key == name), None)

    async def send_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            message = {**message, "headers": outbound(message["headers"], self.request_id.encode())}
        await self.send(message)

    async def receive_on(self) -> Message:
        self.consumed = True
        return await self.receive()


class Door:
    """The ASGI app of the gateway. `replace_table` swaps the routes between two requests."""

    def __init__(self, table: RouteTable, upstreams: Mapping[str, Upstream], access: Access, metrics: Metrics) -> None:
        self._table, self._upstreams, self._access, self._metrics = table, upstreams, access, metrics
        self._rates, self._budget = RateLimit(), RetryBudget()
        self._guards = {name: Guard() for name in upstreams}

    def replace_table(self, table: RouteTable) -> None:
        """From the next request on this table counts."""
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            return
        call = _Call(scope, receive, send)
        begun = time.perf_counter()
        correlation.set(call.request_id)
        try:
            await self._serve(call)
        except Refusal as refusal:
            await self._refuse(call, refusal)
        finally:
            self._tell(call, time.perf_counter() - begun)

    async def _serve(self, call: _Call) -> None:
        path = call.scope.get("raw_path") or call.scope["path"].encode("latin-1")
        _check(call.scope)
        route = self._table.match(path)
        if route is None:
            raise Missing(detail="no such path")
        identity = await self._identify(call, route)
        self._limit(call, route, identity)
        forward = Forward(
            call.scope["method"],
            path,
            call.scope.get("query_string", b""),
            inbound(call.scope, self._added(call, route, identity)),
            call.scope.get("client"),
        )
        await self._forward(call, route, forward)

    async def _identify(self, call: _Call, route: Route) -> Identity | None:
        method = call.scope["method"]
        if not route.allows(method):
            raise MethodNotRouted("METHOD_NOT_ALLOWED", f"{method} is not possible here")
        public = method in route.public
        try:
            identity = await self._access.authenticate(call.header(b"authorization"))
        except Unauthenticated:
            if not public:
                raise
            identity = None
        if public:
            return identity
        if identity is None:
            raise Unauthenticated("TOKEN_MISSING", "this needs a bearer token or an API key")
        call.who = str(identity.principal.id)
        if not identity.may(route.permissions[method], self._access.clock):
            needed = " or ".join(route.permissions[method])
            raise Forbidden("PERMISSION_MISSING", f"this needs the permission {needed}")
        return identity

    def _limit(self, call: _Call, route: Route, identity: Identity | None) -> None:
        client = call.scope.get("client")
        who = str(identity.principal.id) if identity else f"address:{client[0] if client else '?'}"
        wait = self._rates.wait(f"{who}|{route.segment}", route.rate, route.burst)
        if wait:
            raise TooMany("RATE_LIMITED", "too many calls", retry_after=int(wait) + 1)
        size = call.header(b"content-length")
        if size is not None and size.isdigit() and int(size) > route.largest_body:
            raise RequestTooLarge("BODY_TOO_LARGE", f"at most {route.largest_body} bytes")

    def _added(self, call: _Call, route: Route, identity: Identity | None) -> list[tuple[bytes, bytes]]:
        added = [
            (b"x-request-id", call.request_id.encode()),
            (b"x-correlation-id", call.request_id.encode()),
            (b"traceparent", next_traceparent(call.header(b"traceparent")).encode()),
        ]
        if identity is not None:
            token = self._access.internal_token(identity, route.upstream)
            added.append((b"authorization", b"Bearer " + token.encode()))
            if identity.expires_at is not None:
                added.append((b"x-session-expires", str(identity.expires_at).encode()))
        return added

    async def _forward(self, call: _Call, route: Route, forward: Forward) -> None:
        guard = self._guards[route.upstream]
        refused = guard.refuses()
        if refused:
            raise Unavailable(refused, f"{route.upstream} is not available", retry_after=5)
        self._budget.request()
        guard.enter()
        failed = True
        try:
            await self._within_deadline(call, route, forward)
            failed = call.status in {502, 503, 504} and route.upstream != "gateway"
        except Refusal as refusal:
            failed = refusal.status >= 500
            raise
        finally:
            guard.leave(failed)

    async def _within_deadline(self, call: _Call, route: Route, forward: Forward) -> None:
        try:
            async with asyncio.timeout(None if route.stream else route.deadline_s):
                await self._attempts(call, route, forward)
        except TimeoutError:
            if call.started:
                raise ConnectionResetError("the upstream took too long in the middle of its answer") from None
            raise UpstreamTimeout("UPSTREAM_TIMEOUT", f"{route.upstream} did not answer in time") from None

    async def _attempts(self, call: _Call, route: Route, forward: Forward) -> None:
        """One retry, only for what is safe to repeat, before the first byte either way, within the budget."""
        upstream = self._upstreams[route.upstream]
        receive = bounded(call.receive_on, route.largest_body)
        try:
            await upstream.forward(forward, receive, call.send_on)
            return
        except UpstreamDown as down:
            if call.started:
                raise ConnectionResetError("the upstream broke off in the middle of its answer") from down
            keyed = call.header(b"idempotency-key") is not None
            safe = (forward.method in SAFE or keyed) and not call.consumed
            if not (safe and self._budget.take()):
                raise Unavailable("UPSTREAM_DOWN", f"{route.upstream} cannot be reached", retry_after=2) from down
        try:
            await upstream.forward(forward, receive, call.send_on)
        except UpstreamDown as down:
            raise Unavailable("UPSTREAM_DOWN", f"{route.upstream} cannot be reached", retry_after=2) from down

    async def _refuse(self, call: _Call, refusal: Refusal) -> None:
        if call.started:
            return
        language = call.header(b"accept-language") or ""
        response = problem_response(refusal, language)
        await response(call.scope, call.receive, call.send_on)

    def _tell(self, call: _Call, seconds: float) -> None:
        method, path = call.scope["method"], call.scope["path"]
        self._metrics.request(method, call.status, seconds)
        line = {"method": method, "path": path, "status": call.status, "ms": round(seconds * 1000, 1), "who": call.who}
        log.info("door", extra=line | {"request_id": call.request_id})


def _check(scope: Scope) -> None:
    """One Host, headers of a bounded size. Errors: 400 `HOST_INVALID`; 431 `HEADERS_TOO_LARGE`."""
    if sum(name == b"host" for name, _ in scope["headers"]) != 1:
        raise BadRequest("HOST_INVALID", "exactly one Host header, please")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        raise HeadersTooLarge("HEADERS_TOO_LARGE", f"at most {LARGEST_HEADERS} bytes of headers")
