"""How a request becomes a unit of work: authenticated, permitted, one transaction that ends before the answer starts."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message, Receive, Scope, Send

from shared.database.engine import is_retryable
from shared.messaging.crash_points import reach
from shared.observability.tracing import correlation, traceparent
from shared.records.work import Trace, Work
from shared.values.errors import Invalid, Refusal, Refused
from shared.web.idempotency import Replayed, command_key
from shared.web.problems import language_of, problem_response
from shared.web.runtime import Runtime, runtime_of

ATTEMPTS = 4
Result = TypeVar("Result")
KeyHeader = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="repeating a command with the same key gives the same answer (48 h)"),
]
OpenWork = Callable[..., AsyncIterator[Work]]


class CommittedRefusal(Exception):
    """A refusal that leaves a trace: the transaction commits, then the refusal is answered."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def command(permission: str, *, key: Literal["accepted", "required"] = "accepted") -> Any:
    """`Depends(...)` for a route that changes something: yields the `Work` whose commit precedes the answer.

    Errors: 401, 403 `PERMISSION_MISSING`, those of the idempotency key.
    """

    async def open_work(request: Request, idempotency_key: KeyHeader = None) -> AsyncIterator[Work]:
        runtime = runtime_of(request)
        principal = await runtime.verifier.principal(request.headers.get("authorization"))
        now = runtime.clock.now()
        grant = principal.require(permission, now)
        claimed = await command_key(request, principal.id, idempotency_key, key == "required")
        async with runtime.database.transaction() as session:
            if claimed is not None:
                await claimed.claim(session)
                request.state.keep = lambda response: claimed.keep(session, response, now)
                request.state.keep_after_rollback = _keeper(runtime, claimed, now)
            yield Work(session, now, principal, _trace(), grant)
            reach("command.before_commit")
        reach("command.after_commit")

    return Depends(open_work, scope="function")


def query(permission: str) -> Any:
    """`Depends(...)` for a route that reads: the same without a key. Errors: 401, 403 `PERMISSION_MISSING`."""

    async def open_work(request: Request) -> AsyncIterator[Work]:
        runtime = runtime_of(request)
        principal = await runtime.verifier.principal(request.headers.get("authorization"))
        now = runtime.clock.now()
        grant = principal.require(permission, now)
        async with runtime.database.transaction() as session:
            yield Work(session, now, principal, _trace(), grant)

    return Depends(open_work, scope="function")


def settle(result: Result | Any) -> Result:
    """The result of a use case, or its refusal answered after the commit."""
    if isinstance(result, Refused):
        raise CommittedRefusal(result.refusal)
    return result


class CommandRoute(APIRoute):
    """A route whose answer is stored under its key in the same transaction, and which is repeated after a deadlock."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the whole route again, up to three times, when the database chose it as a deadlock's victim (40P01)."""
        replay = _Replay(receive)
        state = dict(scope.get("state", {}))
        for attempt in range(1, ATTEMPTS + 1):
            replay.rewind()
            scope["state"] = dict(state)
            try:
                await super().handle(scope, replay.receive, send)
                return
            except Exception as error:
                if attempt == ATTEMPTS or not is_retryable(error):
                    raise

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler inside the transaction: what it returns is stored before the commit."""
        original = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if _has_nul(await request.body()):
                raise Invalid("VALIDATION_FAILED", "text must not contain NUL")
            try:
                response = await original(request)
            except Replayed as replay:
                return replay.response
            except CommittedRefusal as committed:
                response = problem_response(committed.refusal, language_of(request))
            keep = getattr(request.state, "keep", None)
            if keep is not None:
                await keep(response)
            return response

        return handler


def _has_nul(body: bytes) -> bool:
    return b"\0" in body or b"\\u0000" in body


def _trace() -> Trace:
    known = correlation.get()
    return Trace(known, traceparent=traceparent.get()) if known else Trace(traceparent=traceparent.get())


def _keeper(runtime: Runtime, claimed: Any, now: Any) -> Callable[[Response], Awaitable[None]]:
    async def keep(response: Response) -> None:
        if response.headers.get("retry-after") is None:
            async with runtime.database.transaction() as session:
                await claimed.keep(session, response, now)

    return keep


class _Replay:
    """Gives the same request messages again."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._seen, self._at = receive, list[Message](), 0

    def rewind(self) -> None:
        self._at = 0

    async def receive(self) -> Message:
        if self._at == len(self._seen):
            self._seen.append(await self._receive())
        self._at += 1
        return self._seen[self._at - 1]
