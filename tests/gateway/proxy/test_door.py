"""G-24: rate limits, breaker, bulkhead, deadlines: the failure of one service stops nobody else."""

import asyncio
import json
from typing import Any

import pytest
from gateway.identity.access import Identity
from gateway.proxy.door import Door
from gateway.proxy.limits import Guard, RateLimit, RetryBudget
from gateway.proxy.ports import Forward, UpstreamDown
from gateway.routing.table import parse
from shared.clock import Clock
from shared.observability.metrics import Metrics
from shared.testing.tokens import somebody

TABLE = parse(
    {
        "routes": [
            {"upstream": "good", "segments": ["good"], "permissions": {"GET": ["p"], "POST": ["p"]}, "rate": 1, "burst": 3},
            {
                "upstream": "bad",
                "segments": ["bad"],
                "permissions": {"GET": ["p"], "POST": ["p"]},
                "deadline_s": 0.2,
                "largest_body": 100,
            },
        ],
        "root": [],
    }
)


class Everybody:
    """Lets everybody in who says who he is."""

    clock = Clock()

    async def authenticate(self, authorization: str | None) -> Identity | None:
        return Identity(somebody({"p": "all"}), None) if authorization else None

    def internal_token(self, identity: Identity, audience: str) -> str:
        return f"internal-for-{audience}"


class Scripted:
    """An upstream that does what the test says."""

    def __init__(self) -> None:
        self.seen: list[Forward] = []
        self.failures, self.delay = 0, 0.0

    async def forward(self, request: Forward, receive: Any, send: Any) -> None:
        self.seen.append(request)
        await asyncio.sleep(self.delay)
        if self.failures:
            self.failures -= 1
            raise UpstreamDown("away")
        if request.method == "POST":
            while (await receive()).get("more_body"):
                pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close"), (b"x-own", b"1")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def close(self) -> None:
        """Nothing."""


@pytest.fixture
def upstreams() -> dict[str, Scripted]:
    return {"good": Scripted(), "bad": Scripted()}


@pytest.fixture
def door(upstreams: dict[str, Scripted]) -> Door:
    return Door(TABLE, upstreams, Everybody(), Metrics("door"))  # type: ignore[arg-type]


async def ask(door: Door, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, dict[bytes, bytes], Any]:
    sent: list[Any] = []
    pieces = [body]

    async def receive() -> Any:
        return {"type": "http.request", "body": pieces.pop() if pieces else b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    listed = [(b"host", b"x"), (b"authorization", b"Bearer x")]
    listed += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": listed,
             "client": ("1.2.3.4", 5)}  # fmt: skip
    await door(scope, receive, send)
    text = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(text) if text.startswith(b"{") else text


async def test_identity_headers_are_ours(door: Door, upstreams: dict[str, Scripted]) -> None:
    """G-01: forged and hop-by-hop headers do not pass, ids and the internal token are made here."""
    forged = {"x_user_id": "1", "x_internal_roles": "gm", "x_session_expires": "9", "traceparent": "nonsense", "connection": "x-secret", "x_secret": "1",
              "x_forwarded_for": "9.9.9.9", "te": "trailers", "x_fine": "1"}  # fmt: skip
    status, headers, _ = await ask(door, "/api/v1/good", **forged)
    seen = dict(upstreams["good"].seen[0].headers)
    assert seen[b"authorization"] == b"Bearer internal-for-good"
    assert {
        b"x-user-id",
        b"x-internal-roles",
        b"x-session-expires",
        b"x-secret",
        b"x-forwarded-for",
        b"te",
        b"connection",
    }.isdisjoint(seen)
    assert seen[b"x-fine"] == b"1"
    assert seen[b"traceparent"].startswith(b"00-")
    assert seen[b"x-request-id"] == headers[b"x-request-id"]
    assert (status, headers[b"x-own"], b"connection" in headers) == (200, b"1", False)


async def test_the_call_after_the_last_one_waits(door: Door) -> None:
    """G-24: call N+1 in the window is 429 with `Retry-After`; each caller and segment for itself."""
    who = Everybody()
    one = Identity(somebody({"p": "all"}), None)
    who.authenticate = lambda _authorization: _given(one)  # type: ignore[method-assign]
    door._access = who  # type: ignore[assignment]
    statuses = [(await ask(door, "/api/v1/good"))[0] for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert int((await ask(door, "/api/v1/good"))[1][b"retry-after"]) >= 1
    assert (await ask(door, "/api/v1/bad"))[0] == 200


async def _given(identity: Identity) -> Identity:
    return identity


async def test_one_service_down_leaves_the_other_alone(door: Door, upstreams: dict[str, Scripted]) -> None:
    """G-24: 503 within the time-out, then the breaker answers at once, and closes again."""
    upstreams["bad"].failures = 100
    for _ in range(5):
        status, _, problem = await ask(door, "/api/v1/bad", "POST")
        assert (status, problem["code"]) == (503, "UPSTREAM_DOWN")
    tries = len(upstreams["bad"].seen)
    status, headers, problem = await ask(door, "/api/v1/bad")
    assert (status, problem["code"], headers[b"retry-after"]) == (503, "BREAKER_OPEN", b"5")
    assert len(upstreams["bad"].seen) == tries
    assert (await ask(door, "/api/v1/good"))[0] == 200
    upstreams["bad"].failures = 0
    door._guards["bad"].open_until = 0
    assert (await ask(door, "/api/v1/bad"))[0] == 200


async def test_a_slow_service_has_a_deadline(door: Door, upstreams: dict[str, Scripted]) -> None:
    """G-24: 504."""
    upstreams["bad"].delay = 5
    status, _, problem = await asyncio.wait_for(ask(door, "/api/v1/bad"), 2)
    assert (status, problem["code"]) == (504, "UPSTREAM_TIMEOUT")


async def test_only_what_is_safe_is_tried_again(door: Door, upstreams: dict[str, Scripted]) -> None:
    """G-24: GET, or a keyed command whose body was not touched: once; a plain POST never."""
    for method, headers, expected in (("GET", {}, 200), ("POST", {"idempotency_key": "k"}, 200), ("POST", {}, 503)):
        upstreams["bad"].failures = 1
        assert (await ask(door, "/api/v1/bad", method, **headers))[0] == expected
        door._guards["bad"].failures = 0


async def test_bodies_and_headers_have_a_size(door: Door) -> None:
    """Design §6: 413 announced or not, 431, 405, 400 without a Host."""
    assert (await ask(door, "/api/v1/bad", "POST", content_length="101"))[0] == 413
    assert (await ask(door, "/api/v1/bad", "POST", b"x" * 101))[0] == 413
    assert (await ask(door, "/api/v1/bad", x_long="y" * 20_000))[0] == 431
    assert (await ask(door, "/api/v1/bad", "PUT"))[0] == 405
    assert (await ask(door, "/api/v1/bad", host="two"))[0] == 400


def test_the_rate_is_exact() -> None:
    """G-24: a burst, then one per step; what waited long has its burst again."""
    now = [0.0]
    limit = RateLimit(lambda: now[0])
    assert [limit.wait("a", 10, 3) for _ in range(3)] == [0, 0, 0]
    assert limit.wait("a", 10, 3) == pytest.approx(0.1)
    now[0] = 0.1
    assert limit.wait("a", 10, 3) == 0
    assert limit.wait("b", 10, 3) == 0
    now[0] = 100
    assert [limit.wait("a", 10, 3) for _ in range(3)] == [0, 0, 0]


def test_the_bulkhead_and_the_budget_are_bounded() -> None:
    """G-24."""
    guard = Guard(most=1)
    guard.enter()
    assert guard.refuses() == "BULKHEAD_FULL"
    guard.leave(failed=False)
    assert guard.refuses() is None
    budget = RetryBudget(floor=1)
    assert [budget.take(), budget.take()] == [True, False]
    for _ in range(10):
        budget.request()
    assert budget.take()
