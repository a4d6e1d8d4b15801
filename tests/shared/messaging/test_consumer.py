"""G-04: a consumer handles each event once in effect, in order per aggregate; poison parks only its key."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from shared.clock import Clock
from shared.database.engine import Database
from shared.messaging import consumer as consumer_module
from shared.messaging.consumer import Consumer, ConsumerStopped
from shared.messaging.envelope import Envelope, unpack_headers
from shared.messaging.parked import list_parked, redrive, skip
from shared.messaging.ports import Bus, OutgoingRecord
from shared.messaging.stop_rule import NEVER_BELOW, StopRule
from shared.messaging.tables import inbox, outbox
from shared.messaging.wave import Handlers
from shared.observability.metrics import Metrics
from shared.records.tables import audit
from shared.records.work import Work
from shared.testing.postgres_server import PostgresServer
from shared.testing.storage.tables import counter
from sqlalchemy import func, select, update
from sqlalchemy.exc import InterfaceError

from tests.support.counters import counted, new_counter

TOPIC = "credit.events"
Broken = Callable[[UUID, int], Exception | None]


class Reader:
    """A service of its own database, whose projection adds up what it is told."""

    def __init__(self, database: Database, bus: Bus, clock: Clock) -> None:
        self.database, self.bus, self.clock = database, bus, clock
        self.broken: Broken = lambda identifier, number: None
        self.order: dict[UUID, list[int]] = {}
        self.mine: set[UUID] = set()
        self.consumer = Consumer(
            database, bus, clock, Metrics("reader"), Handlers(self.handle),
            group=f"reader-{uuid4()}", topics=[TOPIC], instance="1",
        )  # fmt: skip

    async def handle(self, work: Work, fact: Any, envelope: Envelope) -> None:
        if getattr(fact, "application_id", None) not in self.mine:
            return
        failure = self.broken(fact.application_id, fact.limit_fen)
        if failure is not None:
            raise failure
        changed = update(counter).where(counter.c.id == fact.application_id)
        done = await work.session.execute(changed.values(value=counter.c.value + fact.limit_fen))
        if done.rowcount == 0:
            row = {"id": fact.application_id, "event_key": "", "value": fact.limit_fen}
            await work.session.execute(counter.insert().values(row))
        self.order.setdefault(fact.application_id, []).append(envelope.aggregate_seq)

    async def value(self, identifier: UUID) -> int:
        async with self.database.transaction() as session:
            return await session.scalar(select(counter.c.value).where(counter.c.id == identifier)) or 0

    async def until(self, identifier: UUID, value: int, seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while await self.value(identifier) != value:
                await asyncio.sleep(0.02)

    async def parked(self) -> int:
        return len(await self.list())

    async def list(self) -> list[Any]:
        async with self.database.transaction() as session:
            return [row for row in await list_parked(session) if UUID(row.key) in self.mine]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.consumer.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, ConsumerStopped):
                await task


@pytest.fixture
async def reader(postgres: PostgresServer, bus: Bus, clock: Clock) -> AsyncIterator[Reader]:
    url = await postgres.service_database("shared.testing")
    database = Database(url)
    yield Reader(database, bus, clock)
    await database.close()
    await postgres.drop(url)


async def written(database: Database, clock: Clock, reader: Reader, counters: int, times: int) -> list[UUID]:
    async with database.transaction() as session:
        ids = [await new_counter(Work(session, clock.now())) for _ in range(counters)]
    await counted(database, clock.now(), ids, times)
    reader.mine = set(ids)
    return ids


async def records(database: Database) -> list[OutgoingRecord]:
    async with database.transaction() as session:
        rows = (await session.execute(select(outbox).order_by(outbox.c.position))).all()
    return [OutgoingRecord(row.topic, row.key, row.data, unpack_headers(row.headers)) for row in rows]


async def sent(bus: Bus, wave: list[OutgoingRecord]) -> None:
    publisher = await bus.publisher()
    await publisher.send(wave)
    await publisher.close()


async def test_doubles_have_no_second_effect(database: Database, bus: Bus, clock: Clock, reader: Reader) -> None:
    """G-04: the same event delivered twice, at once and later, changes state once."""
    (one,) = await written(database, clock, reader, 1, 4)
    wave = await records(database)
    await sent(bus, [record for record in wave for _ in range(2)] + wave)
    async with reader.reading():
        await reader.until(one, 1 + 2 + 3 + 4)
        await sent(bus, wave)
        await asyncio.sleep(0.5)
    assert await reader.value(one) == 10
    assert reader.order[one] == [1, 2, 3, 4]


async def test_a_restart_goes_on_where_the_database_says(database: Database, bus: Bus, clock: Clock, reader: Reader) -> None:
    (one,) = await written(database, clock, reader, 1, 3)
    await sent(bus, await records(database))
    async with reader.reading():
        await reader.until(one, 6)
    await counted(database, clock.now(), [one], 2, first=4)
    await sent(bus, (await records(database))[3:])
    async with reader.reading():
        await reader.until(one, 15)
    assert reader.order[one] == [1, 2, 3, 4, 5]


async def test_poison_parks_only_its_key_and_redrive_restores_the_order(
    database: Database, bus: Bus, clock: Clock, reader: Reader
) -> None:
    """G-04: parked on attempt 5, later records of the key behind it, other keys flow; redrive is audited."""
    poisoned, healthy = await written(database, clock, reader, 2, 4)
    attempts: list[int] = []

    def poison(identifier: UUID, number: int) -> Exception | None:
        if identifier == poisoned and number == 2:
            attempts.append(number)
            return ValueError("cannot be handled")
        return None

    reader.broken = poison
    await sent(bus, await records(database))
    async with reader.reading():
        await reader.until(healthy, 10)
        async with asyncio.timeout(20):
            while await reader.parked() < 3:
                await asyncio.sleep(0.05)
        assert await reader.value(poisoned) == 1
        assert len(attempts) in {5, 6}, "once in the wave at most, then five times alone"
        first = (await reader.list())[0]
        assert "cannot be handled" in first.reason
        with pytest.raises(ValueError, match="cannot be handled"):
            await redrive(reader.database, clock, first.id, reader.consumer.process)
        assert await reader.parked() == 3, "what fails again stays parked, with all behind it"
        reader.broken = lambda identifier, number: None
        assert await redrive(reader.database, clock, first.id, reader.consumer.process) == 3
        await counted(database, clock.now(), [poisoned], 1, first=5)
        await sent(bus, (await records(database))[8:])
        await reader.until(poisoned, 15)
    assert reader.order[poisoned][-4:] == [2, 3, 4, 5]
    async with reader.database.transaction() as session:
        actions = (await session.scalars(select(audit.c.action).where(audit.c.entity == "parked"))).all()
        keys = [str(identifier) for identifier in reader.mine]
        copies = await session.scalar(select(func.count()).where(outbox.c.topic.like("%.dlq"), outbox.c.key.in_(keys)))
    assert actions == ["redriven"] * 3
    assert copies == 3


async def test_a_skipped_record_lets_the_rest_of_its_key_go_on(database: Database, bus: Bus, clock: Clock, reader: Reader) -> None:
    (one,) = await written(database, clock, reader, 1, 3)
    reader.broken = lambda identifier, number: ValueError("bad") if number == 2 else None
    await sent(bus, await records(database))
    async with reader.reading():
        async with asyncio.timeout(20):
            while await reader.parked() < 2:
                await asyncio.sleep(0.05)
        bad, behind = await reader.list()
        await skip(reader.database, clock, bad.id, "agreed with the owner", reader.consumer.give_up)
        assert await redrive(reader.database, clock, behind.id, reader.consumer.process) == 1
    assert await reader.value(one) == 1 + 3
    async with reader.database.transaction() as session:
        reasons = (await session.scalars(select(audit.c.reason).where(audit.c.action == "skipped"))).all()
    assert reasons == ["agreed with the owner"]


async def test_a_lost_event_is_noticed(database: Database, bus: Bus, clock: Clock, reader: Reader) -> None:
    """G-03: a gap in `ce_aggseq` is noticed: the record waits, then it is parked with its reason."""
    (one,) = await written(database, clock, reader, 1, 3)
    wave = await records(database)
    await sent(bus, [wave[0], wave[2]])
    async with reader.reading(), asyncio.timeout(20):
        while await reader.parked() < 1:
            await asyncio.sleep(0.05)
    (row,) = await reader.list()
    assert "1 is followed by 3" in row.reason
    assert await reader.value(one) == 1


async def test_a_dependency_that_is_down_is_waited_for_and_never_parked(
    database: Database, bus: Bus, clock: Clock, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G-04: ten failures of the database are no poison."""
    monkeypatch.setattr(consumer_module, "LONGEST_BACKOFF_S", 0.1)
    (one,) = await written(database, clock, reader, 1, 1)
    failures = iter(range(10))

    def away(_identifier: UUID, _number: int) -> Exception | None:
        return None if next(failures, None) is None else InterfaceError("x", {}, OSError("the database is down"))

    reader.broken = away
    await sent(bus, await records(database))
    async with reader.reading():
        await reader.until(one, 1)
    assert await reader.parked() == 0


async def test_what_is_not_known_still_counts_in_the_sequence(database: Database, bus: Bus, clock: Clock, reader: Reader) -> None:
    (one,) = await written(database, clock, reader, 1, 3)
    wave = await records(database)
    strange = [(name, b"credit.thing.invented.v1" if name == "ce_type" else value) for name, value in wave[1].headers]
    await sent(bus, [wave[0], OutgoingRecord(TOPIC, wave[1].key, b"{}", strange), wave[2]])
    async with reader.reading():
        await reader.until(one, 1 + 3)
    assert await reader.parked() == 0


async def test_too_many_bad_keys_stop_the_consumer(
    database: Database, bus: Bus, clock: Clock, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G-04: more than 1 % of the keys parked within 5 minutes means that the fault is ours."""
    monkeypatch.setattr(consumer_module, "SHORTEST_BACKOFF_S", 0.001)
    await written(database, clock, reader, NEVER_BELOW + 2, 1)
    reader.broken = lambda identifier, number: ValueError("everything is bad")
    await sent(bus, await records(database))
    with pytest.raises(ConsumerStopped):
        await asyncio.wait_for(reader.consumer.run(), 30)
    assert reader.consumer.stopped


def test_one_bad_key_in_a_hundred_does_not_stop_it() -> None:
    now = [0.0]
    rule = StopRule(lambda: now[0])
    for number in range(1000):
        rule.seen(f"k{number}")
    assert not any(rule.parked(f"k{number}") for number in range(10))
    assert rule.parked("k10")
    now[0] = 301
    assert not rule.parked("k11"), "what was parked long ago does not count"


async def test_every_event_leaves_one_row_in_the_inbox(database: Database, bus: Bus, clock: Clock, reader: Reader) -> None:
    ids = await written(database, clock, reader, 3, 3)
    wave = await records(database)
    await sent(bus, wave + wave)
    async with reader.reading():
        for identifier in ids:
            await reader.until(identifier, 6)
    async with reader.database.transaction() as session:
        mine = {UUID(dict(record.headers)["ce_id"].decode()) for record in wave}
        assert await session.scalar(select(func.count()).where(inbox.c.event_id.in_(mine))) == 9
