"""Apache Kafka away for a while: HTTP goes on, the backlog drains, nothing is lost (design trap 5)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from shared.clock import Clock
from shared.database.engine import Database
from shared.messaging.kafka_bus import KafkaBus
from shared.messaging.relay import Relay
from shared.messaging.tables import outbox
from shared.observability.metrics import Metrics
from shared.records.work import Work
from shared.testing.kafka_server import KafkaServer, start_kafka
from sqlalchemy import func, select

from tests.shared.messaging.test_bus import read_until, start_of_all
from tests.shared.messaging.test_relay import end, run
from tests.support.counters import counted, new_counter

pytestmark = pytest.mark.kafka


@pytest.fixture
async def broker(kafka: KafkaServer) -> AsyncIterator[KafkaServer]:
    """A broker of this test's own, to be stopped and killed."""
    server = await asyncio.to_thread(start_kafka)
    yield server
    server.stop()


async def unsent(database: Database) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(select(func.count()).where(outbox.c.published_at.is_(None))) or 0)


@pytest.mark.parametrize("how", ["paused", "killed"])
async def test_twenty_seconds_without_a_broker(broker: KafkaServer, database: Database, clock: Clock, how: str) -> None:
    """G-04: commands are accepted meanwhile; afterwards every event is there, in order."""
    bus = KafkaBus(broker.bootstrap)
    async with database.transaction() as session:
        identifier = await new_counter(Work(session, clock.now()))
    tasks = await run(Relay(database, bus, Metrics("test")))
    await counted(database, clock.now(), [identifier], 5)
    async with asyncio.timeout(30):
        while await unsent(database):
            await asyncio.sleep(0.1)
    broker.pause() if how == "paused" else broker.kill()
    await counted(database, clock.now(), [identifier], 10, first=6)
    await asyncio.sleep(20)
    assert await unsent(database) == 10
    if how == "paused":
        broker.resume()
    else:
        await asyncio.to_thread(broker.start)
    async with asyncio.timeout(60):
        while await unsent(database):
            await asyncio.sleep(0.2)
    await end(tasks)
    subscriber = await bus.subscriber(f"g-{identifier}", ["credit.events"], "1", start_of_all)
    found = await read_until(subscriber, 15, {str(identifier)}, seconds=30)
    numbers = [int(record.headers["ce_aggseq"]) for record in found]
    assert list(dict.fromkeys(numbers)) == list(range(1, 16))
    await subscriber.close()
