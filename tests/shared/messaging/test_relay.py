"""G-04: what is committed is sent, in order, whatever happens in between."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from uuid import uuid4

import pytest
from shared.clock import Clock
from shared.database.engine import Database
from shared.messaging import relay as relay_module
from shared.messaging.ports import Bus, BusUnavailable, OutgoingRecord, Publisher, WaveRefused
from shared.messaging.relay import Relay
from shared.messaging.tables import outbox
from shared.observability.metrics import Metrics
from shared.records.work import Work
from sqlalchemy import func, insert, select, text

from tests.support.counters import count_up, counted, new_counter


class FakeBus:
    """A bus that remembers, and fails when told."""

    def __init__(self) -> None:
        self.sent: list[OutgoingRecord] = []
        self.failures: list[Exception] = []
        self.bad_keys: set[str] = set()

    async def publisher(self) -> Publisher:
        return FakePublisher(self)


class FakePublisher:
    def __init__(self, bus: FakeBus) -> None:
        self.bus, self.closed = bus, False

    async def send(self, wave: Sequence[OutgoingRecord]) -> None:
        assert not self.closed, "a publisher that failed is used again"
        await asyncio.sleep(0)
        if self.bus.failures:
            self.bus.sent += wave[: len(wave) // 2]
            raise self.bus.failures.pop(0)
        if any(record.key in self.bus.bad_keys for record in wave):
            raise WaveRefused("something in it")
        self.bus.sent += wave

    async def close(self) -> None:
        self.closed = True


async def until_sent(database: Database, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while True:
            async with database.transaction() as session:
                waiting = select(func.count()).where(outbox.c.published_at.is_(None), outbox.c.attempts == 0)
                if not await session.scalar(waiting):
                    return
            await asyncio.sleep(0.02)


async def run(*relays: Relay) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(relay.run()) for relay in relays]


async def end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def sequences(bus: FakeBus, key: str) -> list[int]:
    return [int(dict(record.headers)["ce_aggseq"]) for record in bus.sent if record.key == key]


def relay_to(database: Database, bus: object) -> Relay:
    return Relay(database, bus, Metrics("test"))  # type: ignore[arg-type]


async def test_rows_leave_in_order_and_once(database: Database, clock: Clock) -> None:
    bus = FakeBus()
    async with database.transaction() as session:
        ids = [await new_counter(Work(session, clock.now())) for _ in range(5)]
    tasks = await run(relay_to(database, bus))
    await counted(database, clock.now(), ids, 10)
    await until_sent(database)
    await end(tasks)
    assert all(sequences(bus, str(identifier)) == list(range(1, 11)) for identifier in ids)


async def test_a_lower_position_that_commits_late_is_not_lost(database: Database, clock: Clock) -> None:
    """Design trap 4: reading by "id greater than the last seen" skips the row that took its number first."""
    bus = FakeBus()
    async with database.transaction() as session:
        slow, fast = [await new_counter(Work(session, clock.now())) for _ in range(2)]
    tasks = await run(relay_to(database, bus))
    async with database.transaction() as session:
        await count_up(Work(session, clock.now()), slow, 1)
        await counted(database, clock.now(), [fast], 3)
        async with asyncio.timeout(10):
            while len(sequences(bus, str(fast))) < 3:
                await asyncio.sleep(0.02)
        assert sequences(bus, str(slow)) == []
    await until_sent(database)
    await end(tasks)
    assert sequences(bus, str(slow)) == [1]


async def test_two_relays_never_send_version_three_before_two(database: Database, clock: Clock) -> None:
    """Design trap 4: only the relay whose session holds the lock reads; the other one waits."""
    bus = FakeBus()
    async with database.transaction() as session:
        ids = [await new_counter(Work(session, clock.now())) for _ in range(3)]
    tasks = await run(relay_to(database, bus), relay_to(database, bus))
    await counted(database, clock.now(), ids, 20)
    await until_sent(database)
    await end(tasks)
    assert all(sequences(bus, str(identifier)) == list(range(1, 21)) for identifier in ids)


async def test_the_second_relay_takes_over_when_the_first_dies(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "STANDBY_S", 0.05)
    bus = FakeBus()
    async with database.transaction() as session:
        identifier = await new_counter(Work(session, clock.now()))
    first = await run(relay_to(database, bus))
    await counted(database, clock.now(), [identifier], 2)
    await until_sent(database)
    second = await run(relay_to(database, bus))
    await end(first)
    await counted(database, clock.now(), [identifier], 2)
    await until_sent(database)
    await end(second)
    assert sequences(bus, str(identifier)) == [1, 2, 3, 4]


async def test_a_failed_wave_is_sent_again_from_its_first_row(database: Database, clock: Clock) -> None:
    """Design trap 5: a failed send may still have arrived, so the wave repeats with a fresh producer: doubles, no holes."""
    bus = FakeBus()
    bus.failures = [BusUnavailable("away"), BusUnavailable("away"), BusUnavailable("away")]
    async with database.transaction() as session:
        identifier = await new_counter(Work(session, clock.now()))
    await counted(database, clock.now(), [identifier], 8)
    tasks = await run(relay_to(database, bus))
    await until_sent(database)
    await end(tasks)
    assert list(dict.fromkeys(sequences(bus, str(identifier)))) == list(range(1, 9))
    assert sequences(bus, str(identifier))[-8:] == list(range(1, 9))


async def test_a_row_that_cannot_be_sent_holds_back_only_its_key(database: Database, clock: Clock) -> None:
    """G-04: the broker does not say which row was bad; the relay finds it, and everything else flows."""
    bus = FakeBus()
    async with database.transaction() as session:
        bad, good = [await new_counter(Work(session, clock.now())) for _ in range(2)]
    bus.bad_keys = {str(bad)}
    await counted(database, clock.now(), [bad, good], 3)
    tasks = await run(relay_to(database, bus))
    async with asyncio.timeout(10):
        while len(sequences(bus, str(good))) < 3:
            await asyncio.sleep(0.02)
    await counted(database, clock.now(), [bad, good], 1, first=4)
    async with asyncio.timeout(10):
        while len(sequences(bus, str(good))) < 4:
            await asyncio.sleep(0.02)
    bus.bad_keys = set()
    async with database.transaction() as session:
        waiting = (await session.execute(select(outbox).where(outbox.c.published_at.is_(None)))).all()
        assert {row.key for row in waiting} == {str(bad)}
        assert waiting[0].attempts == 1
        assert waiting[0].last_error
        await session.execute(text("UPDATE outbox SET next_attempt_at = now(), attempts = 0"))
    await until_sent(database)
    await end(tasks)
    assert sequences(bus, str(good)) == [1, 2, 3, 4]
    assert sequences(bus, str(bad)) == [1, 2, 3, 4]


async def test_a_broadcast_row_reaches_every_partition(database: Database, clock: Clock) -> None:
    bus = FakeBus()
    row = {
        "id": uuid4(), "topic": "credit.events", "key": "day", "aggregate_type": "day_close", "aggregate_id": uuid4(),
        "aggregate_seq": 1, "type": "credit.day.closed.v1", "occurred_at": clock.now(), "headers": b"", "data": b"{}",
        "broadcast": True,
    }  # fmt: skip
    async with database.transaction() as session:
        await session.execute(insert(outbox).values(row))
    tasks = await run(relay_to(database, bus))
    await until_sent(database)
    await end(tasks)
    assert sorted(record.partition or 0 for record in bus.sent) == list(range(12))


async def test_it_sends_on_both_buses(database: Database, clock: Clock, bus: Bus) -> None:
    """G-03: the same relay feeds LocalBus and Apache Kafka."""
    async with database.transaction() as session:
        ids = [await new_counter(Work(session, clock.now())) for _ in range(30)]
    tasks = await run(relay_to(database, bus))
    await counted(database, clock.now(), ids, 5)
    await until_sent(database)
    await end(tasks)
