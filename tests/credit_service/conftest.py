"""credit-service on a database of the test module's own."""

from collections.abc import AsyncIterator

import pytest_asyncio
from credit_service.app import create_app
from credit_service.settings import Settings
from shared.testing.postgres_server import PostgresServer

from tests.credit_service.house import House
from tests.support.service import service_under_test


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(postgres: PostgresServer) -> AsyncIterator[House]:
    """The service with its people."""
    url = await postgres.service_database("credit_service")
    async with service_under_test(create_app, Settings, "credit", url) as service:
        yield House(service, {})
    await postgres.drop(url)
