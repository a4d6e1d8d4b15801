"""Fixtures of all tests: the servers of the run, databases, buses, tokens."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from shared.clock import Clock
from shared.database.engine import Database
from shared.messaging.kafka_bus import KafkaBus
from shared.messaging.local_bus import LocalBus
from shared.messaging.ports import Bus
from shared.testing.kafka_server import KafkaMissing, KafkaServer, start_kafka
from shared.testing.postgres_server import PostgresServer, start_postgres
from shared.testing.tokens import TokenMint

USED: dict[str, str] = {}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres() -> AsyncIterator[PostgresServer]:
    """The run's PostgreSQL."""
    server = await start_postgres()
    USED["PostgreSQL"] = server.where
    yield server
    await server.stop()


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    """The run's Kafka broker; in CI its absence is a failure, elsewhere the tests that need it say so loudly."""
    try:
        server = start_kafka()
    except KafkaMissing as missing:
        USED["Kafka"] = f"MISSING: {missing}"
        if os.environ.get("CI"):
            raise
        pytest.skip(f"Apache Kafka is missing: {missing}")
    USED["Kafka"] = server.where
    yield server
    server.stop()


@pytest_asyncio.fixture
async def empty_database(postgres: PostgresServer) -> AsyncIterator[str]:
    """The URL of a fresh database without tables."""
    url = await postgres.empty_database()
    yield url
    await postgres.drop(url)


@pytest_asyncio.fixture
async def records_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """The URL of a fresh database with the rows that every service keeps."""
    url = await postgres.service_database("shared.testing")
    yield url
    await postgres.drop(url)


@pytest_asyncio.fixture
async def database(records_url: str) -> AsyncIterator[Database]:
    """Access to it."""
    opened = Database(records_url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(params=["local", pytest.param("kafka", marks=pytest.mark.kafka)])
async def bus(request: pytest.FixtureRequest, postgres: PostgresServer) -> AsyncIterator[Bus]:
    """Each bus in turn, fresh: the same test body runs on both."""
    if request.param == "kafka":
        yield KafkaBus(request.getfixturevalue("kafka").bootstrap)
        return
    url = await postgres.empty_database()
    local = LocalBus(url)
    yield local
    await local.close()
    await postgres.drop(url)


@pytest.fixture
def clock() -> Clock:
    """A clock that a test may move."""
    return Clock(movable=True)


@pytest.fixture
def mint() -> TokenMint:
    """Tokens of this test."""
    return TokenMint()
