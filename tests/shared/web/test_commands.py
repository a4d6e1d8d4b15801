"""The traps of HTTP and transactions, each with a test that fails without its remedy (design §3)."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, Depends, FastAPI
from shared.clock import Clock
from shared.database.engine import Database
from shared.messaging.outbox import publish
from shared.messaging.tables import outbox
from shared.messaging.wave import Handlers
from shared.records.work import Work
from shared.settings import ServiceSettings
from shared.testing.storage.tables import COUNTER, counter
from shared.testing.tokens import TokenMint, somebody
from shared.values.errors import Conflict, Refused
from shared.web.application import Service, service_app
from shared.web.authentication import ISSUER, TOKEN_TYPE
from shared.web.commands import CommandRoute, command, settle
from shared.web.limits import bounded
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.support.counters import new_counter, requested
from tests.support.service import KEY, SilentBus

router = APIRouter(prefix="/api/v1/things", route_class=CommandRoute)
ANYBODY = somebody({"thing:do": "all"})


@router.post("/{identifier}/count", status_code=201)
async def count(identifier: UUID, work: Work = command("thing:do")) -> dict[str, int]:
    """Adds one, in one statement."""
    statement = counter.update().where(counter.c.id == identifier).values(value=counter.c.value + 1).returning(counter.c.value)
    return {"value": int(await work.session.scalar(statement) or 0)}


@router.post("/{identifier}/fail-at-commit", status_code=201)
async def fail_at_commit(identifier: UUID, work: Work = command("thing:do")) -> dict[str, str]:
    """Everything goes well, until the deferred constraint looks at the commit."""
    await work.session.execute(text("INSERT INTO late (id) VALUES (1), (1)"))
    return {"created": "yes"}


@router.post("/{identifier}/refuse", status_code=201)
async def refuse(identifier: UUID, work: Work = command("thing:do")) -> dict[str, str]:
    """Refuses, and tells."""
    await publish(work, COUNTER, identifier, requested(identifier, 1))
    return settle(Refused(Conflict("NO", "not now")))


@router.post("/{identifier}/raise", status_code=201)
async def raise_conflict(identifier: UUID, work: Work = command("thing:do")) -> dict[str, str]:
    """Refuses without a trace."""
    await publish(work, COUNTER, identifier, requested(identifier, 1))
    raise Conflict("NO", "not now")


@router.post("/{first}/swap/{second}", status_code=201)
async def swap(first: UUID, second: UUID, work: Work = command("thing:do")) -> dict[str, str]:
    """Takes two locks in the order named, which invites a deadlock."""
    for identifier in (first, second):
        await work.session.execute(counter.update().where(counter.c.id == identifier).values(value=counter.c.value + 1))
        await asyncio.sleep(0.15)
    return {"done": "yes"}


@pytest.fixture
async def client(records_url: str, clock: Clock, mint: TokenMint) -> AsyncIterator[httpx.AsyncClient]:
    values: dict[str, Any] = {"database_url": records_url, "bus_url": "kafka://x:1", "key_encryption_key": KEY, "role": "api"}
    service = Service("things", "things", [router], Handlers(_nothing), ())
    app = service_app(service, ServiceSettings(**values), clock=clock, bus=SilentBus(), keys=mint.keys)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = mint.headers(ANYBODY, "things")
    opened = httpx.AsyncClient(transport=transport, base_url="http://things/api/v1/things", headers=headers)
    async with app.router.lifespan_context(app), opened:
        yield opened


async def _nothing(_work: Work, _fact: Any, _envelope: Any) -> None:
    """Reads nothing."""


@pytest.fixture
async def thing(database: Database, clock: Clock) -> str:
    async with database.transaction() as session:
        return str(await new_counter(Work(session, clock.now())))


async def value_of(database: Database, thing: str) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(select(counter.c.value).where(counter.c.id == UUID(thing))) or 0)


async def events(database: Database) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(select(func.count()).select_from(outbox)) or 0)


async def test_a_commit_that_fails_is_never_answered_with_201(client: httpx.AsyncClient, database: Database, thing: str) -> None:
    """Design trap 1: the commit precedes the answer."""
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    answer = await client.post(f"/{thing}/fail-at-commit")
    assert answer.status_code in {409, 500}
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM late")) == 0


async def test_with_a_request_scoped_dependency_it_would_be(database: Database) -> None:
    """Design trap 1: the same route with FastAPI's default scope answers 201 and loses the row."""

    async def late_session() -> AsyncIterator[AsyncSession]:
        async with database.transaction() as session:
            yield session

    naive = FastAPI()

    @naive.post("/naive", status_code=201)
    async def create(session: Annotated[AsyncSession, Depends(late_session)]) -> dict[str, str]:
        await session.execute(text("CREATE TABLE naive (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
        await session.execute(text("INSERT INTO naive VALUES (1), (1)"))
        return {"created": "yes"}

    transport = httpx.ASGITransport(app=naive, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        assert (await client.post("/naive")).status_code == 201
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT to_regclass('naive')")) is None


async def test_a_refusal_with_consequences_is_answered_and_published(
    client: httpx.AsyncClient, database: Database, thing: str
) -> None:
    """Design trap 11: 409 received, event in the outbox; a raised one leaves nothing."""
    answer = await client.post(f"/{thing}/refuse")
    assert (answer.status_code, answer.json()["code"], await events(database)) == (409, "NO", 1)
    answer = await client.post(f"/{thing}/raise")
    assert (answer.status_code, await events(database)) == (409, 1)


async def test_conflicts_are_stored_under_their_key_too(client: httpx.AsyncClient, database: Database, thing: str) -> None:
    """Design §5: stored are 2xx and 409, raised or returned; the replay is byte for byte the same."""
    for verb in ("refuse", "raise"):
        first = await client.post(f"/{thing}/{verb}", headers={"Idempotency-Key": "k"})
        again = await client.post(f"/{thing}/{verb}", headers={"Idempotency-Key": "k"})
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert again.headers["idempotency-replayed"] == "true"
    assert await events(database) == 1


async def test_thirty_parallel_replays_count_once(client: httpx.AsyncClient, database: Database, thing: str) -> None:
    """Design §5: while the first still runs the others are told so."""
    calls = [client.post(f"/{thing}/count", headers={"Idempotency-Key": "one"}) for _ in range(30)]
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 409)
    assert await value_of(database, thing) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "中"])
async def test_a_malformed_key_is_refused(client: httpx.AsyncClient, thing: str, key: str) -> None:
    """Design §5: 1 to 255 visible ASCII signs."""
    answer = await client.post(f"/{thing}/count", headers={"Idempotency-Key": key.encode()})
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_MALFORMED")


async def test_a_deadlock_is_repeated_not_answered(client: httpx.AsyncClient, database: Database, thing: str, clock: Clock) -> None:
    """Spec §3.5: 40P01 is retried; both commands succeed."""
    async with database.transaction() as session:
        other = str(await new_counter(Work(session, clock.now())))
        await session.execute(text("SET deadlock_timeout = '100ms'"))
    answers = await asyncio.gather(client.post(f"/{thing}/swap/{other}"), client.post(f"/{other}/swap/{thing}"))
    assert [answer.status_code for answer in answers] == [201, 201]
    assert (await value_of(database, thing), await value_of(database, other)) == (2, 2)


async def test_a_row_read_before_its_lock_loses_the_others_work(database: Database, thing: str) -> None:
    """Design trap 3: read, decide, write back: two at once lose one; one conditional UPDATE loses none."""

    async def naive() -> None:
        async with database.transaction() as session:
            value = await session.scalar(select(counter.c.value).where(counter.c.id == UUID(thing)))
            await asyncio.sleep(0.02)
            await session.execute(counter.update().where(counter.c.id == UUID(thing)).values(value=(value or 0) + 1))

    async def ours() -> None:
        async with database.transaction() as session:
            await session.execute(counter.update().where(counter.c.id == UUID(thing)).values(value=counter.c.value + 1))

    await asyncio.gather(*(naive() for _ in range(10)))
    lost = await value_of(database, thing)
    assert lost < 10
    await asyncio.gather(*(ours() for _ in range(10)))
    assert await value_of(database, thing) == lost + 10


async def test_nothing_notifies_inside_a_business_transaction() -> None:
    """Design trap 10: NOTIFY takes an instance-wide commit lock; nobody uses it."""
    from tests.architecture.test_sizes import sources

    assert [str(path) for path in sources() if "NOTIFY" in path.read_text() or "pg_notify" in path.read_text()] == []


@pytest.mark.parametrize(
    "change",
    [{"exp": None}, {"iat": None}, {"jti": None}, {"aud": "other"}, {"iss": "other"}, {"exp": 1}, {"typ": "JWT"}, {"kid": "unknown"},
     {"sub": "nobody"}, {"perms": None}],
)  # fmt: skip
async def test_a_token_that_lacks_anything_is_refused(
    client: httpx.AsyncClient, thing: str, mint: TokenMint, change: dict[str, Any]
) -> None:
    """Design trap 9: every claim is required, `typ`, `aud`, `iss` and the key are checked."""
    token = mint.token(ANYBODY, "things", **change)
    answer = await client.post(f"/{thing}/count", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "foreign"])
async def test_only_our_own_signature_counts(client: httpx.AsyncClient, thing: str, algorithm: str) -> None:
    """Design trap 9: the algorithm is allow-listed, a foreign key under our key id is refused."""
    now = int(time.time())
    claims = {"sub": str(uuid4()), "name": "x", "roles": [], "perms": {"thing:do": "all"}, "iss": ISSUER, "aud": "things", "iat": now,
              "exp": now + 60, "jti": "x"}  # fmt: skip
    secret: Any = {"none": None, "HS256": "x" * 32, "foreign": Ed25519PrivateKey.generate()}[algorithm]
    name = "EdDSA" if algorithm == "foreign" else algorithm
    token = jwt.encode(claims, secret, name, headers={"typ": TOKEN_TYPE, "kid": "test"})
    answer = await client.post(f"/{thing}/count", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")


async def test_a_cached_token_still_expires(client: httpx.AsyncClient, thing: str, mint: TokenMint) -> None:
    """Design trap 9, §3a: the cache re-checks the expiry."""
    headers = {"Authorization": f"Bearer {mint.token(ANYBODY, 'things', exp=int(time.time()) + 1)}"}
    assert (await client.post(f"/{thing}/count", headers=headers)).status_code == 201
    await asyncio.sleep(1.2)
    assert (await client.post(f"/{thing}/count", headers=headers)).status_code == 401


async def test_two_hosts_or_none_are_refused(client: httpx.AsyncClient, thing: str) -> None:
    """Design trap 8."""
    app: Any = client._transport.app  # type: ignore[attr-defined]
    for hosts in ([], [b"a", b"b"]):
        sent: list[Any] = []
        await _asked(app, [(b"host", host) for host in hosts], sent)
        assert sent[0]["status"] == 400


async def _asked(app: Any, headers: list[tuple[bytes, bytes]], sent: list[Any]) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/healthz", "headers": headers, "query_string": b"", "http_version": "1.1",
             "scheme": "http", "server": ("x", 80), "client": ("x", 1), "root_path": "", "raw_path": b"/healthz"}  # fmt: skip
    await app(scope, receive, send)


async def test_a_body_that_never_ends_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Design trap 8: uvicorn has none; ours is 30 s and one more per 64 KiB."""
    from shared.web import limits

    monkeypatch.setattr(limits, "BODY_S", 0.05)

    async def silent() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    with pytest.raises(limits.RequestTooSlow):
        await asyncio.wait_for(bounded(silent)(), 5)  # type: ignore[arg-type]


async def test_a_huge_body_is_cut_off() -> None:
    """Design §6: 413."""
    from shared.web.limits import RequestTooLarge

    async def endless() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    receive = bounded(endless, 2500)  # type: ignore[arg-type]
    await receive()
    await receive()
    with pytest.raises(RequestTooLarge):
        await receive()


async def test_a_database_that_is_away_is_503(clock: Clock, mint: TokenMint) -> None:
    """Design §5: 503 with `Retry-After`, and not ready."""
    url = "postgresql+asyncpg://x:x@127.0.0.1:1/x"
    values: dict[str, Any] = {"database_url": url, "bus_url": "kafka://x:1", "key_encryption_key": KEY, "role": "api"}
    service = Service("things", "things", [router], Handlers(_nothing), ())
    app = service_app(service, ServiceSettings(**values), clock=clock, bus=SilentBus(), keys=mint.keys)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://things") as client:
        answer = await client.post(f"/api/v1/things/{uuid4()}/count", headers=mint.headers(ANYBODY, "things"))
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "DEPENDENCY_DOWN", "1")
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
