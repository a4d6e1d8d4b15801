"""`python -m gateway serve | migrate`: the gateway of a distributed suite."""

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import uvicorn
from shared.clock import Clock
from shared.database.engine import Database
from shared.database.migrations import migrate
from shared.messaging.bus import open_bus
from shared.observability.logs import write_logs
from shared.records.work import Work

from gateway.app import Gateway, create_gateway
from gateway.identity.keys import load_signing_keys
from gateway.portal.merge import Document
from gateway.portal.portal import Source
from gateway.proxy.pooled_upstream import PooledUpstream
from gateway.routing.table import InvalidTable, load_table
from gateway.settings import Settings
from gateway.use_cases.first_run import setup_token


def main() -> None:
    """Carry out one command."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    parser.add_argument("command", choices=("serve", "migrate"))
    command, settings = parser.parse_args().command, Settings()
    write_logs(settings.log_level)
    if command == "migrate":
        asyncio.run(migrate(settings.database_url.get_secret_value(), "gateway"))
    else:
        asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    gateway = await _gateway(settings)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, lambda: _reload(gateway, settings))
    config = uvicorn.Config(gateway.door, settings.host, settings.port, log_config=None, access_log=False, lifespan="off")
    async with gateway.app.router.lifespan_context(gateway.app):
        await uvicorn.Server(config).serve()


async def _gateway(settings: Settings) -> Gateway:
    database = Database(settings.database_url.get_secret_value())
    clock = Clock()
    keys = await load_signing_keys(database, settings.key_bytes(), datetime.now(UTC))
    async with _transaction(database, clock) as work:
        token = await setup_token(work)
    await database.close()
    if token:
        print(f"First run: POST /api/v1/auth/setup with the token {token}", flush=True)
    urls = {"credit": settings.credit_url, "collection": settings.collection_url}
    upstreams = {name: _upstream(url) for name, url in urls.items()}
    sources = {name: _source(url) for name, url in urls.items()}
    bus = open_bus(settings.bus_url.get_secret_value())
    return create_gateway(settings, clock=clock, bus=bus, keys=keys, upstreams=upstreams, sources=sources)


@asynccontextmanager
async def _transaction(database: Database, clock: Clock) -> AsyncIterator[Work]:
    async with database.transaction() as session:
        yield Work(session, clock.now())


def _upstream(url: str) -> PooledUpstream:
    parts = urlsplit(url)
    return PooledUpstream(parts.hostname or "127.0.0.1", parts.port or 80)


def _source(url: str) -> Source:
    def read() -> Document:
        document: Document = httpx.get(f"{url}/openapi.json", timeout=10, trust_env=False).raise_for_status().json()
        return document

    return read


def _reload(gateway: Gateway, settings: Settings) -> None:
    """A broken table changes nothing."""
    try:
        gateway.door.replace_table(load_table(settings.routes_file))
    except (InvalidTable, OSError) as error:
        print(f"The route table stays as it was: {error}", flush=True)


if __name__ == "__main__":
    main()
