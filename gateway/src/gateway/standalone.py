"""The whole suite in one process, with the PostgreSQL that it starts itself: `make run`."""

import argparse
import asyncio
import base64
import json
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from collection_service.app import create_app as collection_app
from collection_service.settings import Settings as CollectionSettings
from credit_service.app import create_app as credit_app
from credit_service.settings import Settings as CreditSettings
from shared.clock import Clock
from shared.database.embedded_postgres import (
    EmbeddedPostgres,
    PasswordFile,
    PostgresFailed,
    ensure_database,
    start_embedded_postgres,
)
from shared.database.engine import Database
from shared.database.migrations import migrate
from shared.database.server_binaries import NoServerBinaries
from shared.messaging.bus import open_bus
from shared.observability.logs import write_logs
from shared.records.work import Work

from gateway.app import Gateway, create_gateway
from gateway.identity.keys import load_signing_keys
from gateway.proxy.asgi_upstream import AsgiUpstream
from gateway.settings import Settings
from gateway.starting import Occupied, address_of, listen, sole_use
from gateway.use_cases.first_run import create_demo_people, setup_token
from gateway.use_cases.keep_demo_clock import keep_demo_clock, kept_offset

DATABASES = {"gateway": "gateway", "credit": "credit_service", "collection": "collection_service"}
BUS = "bus"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    host: str
    port: int
    data_dir: Path
    demo: bool
    clock: datetime | None
    demo_users: Path | None
    log_level: str


def main() -> None:
    """Run until Ctrl-C or SIGTERM; a plain sentence says what is missing."""
    options = _options()
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_run(options))
    except (NoServerBinaries, PostgresFailed, Occupied, OSError) as error:
        sys.exit(f"The suite cannot start: {error}")


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m gateway.standalone", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 picks a free one")
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("SUITE_DATA_DIR", "var")))
    parser.add_argument("--demo", action="store_true", help="people with printed passwords and a movable clock, on loopback")
    parser.add_argument("--clock", type=datetime.fromisoformat, help="business time of a fresh demo suite")
    parser.add_argument("--demo-users", type=Path, help="write address and demo passwords to this file")
    parser.add_argument("--log-level", default="warning", choices=("debug", "info", "warning", "error"))
    given = parser.parse_args()
    if given.demo and given.host not in LOOPBACK:
        parser.error("--demo only on loopback")
    if given.clock and (not given.demo or given.clock.tzinfo is None):
        parser.error("--clock needs --demo and an offset such as 2026-03-03T10:00+08:00")
    return Options(**vars(given))


async def _run(options: Options) -> None:
    write_logs(options.log_level)
    async with AsyncExitStack() as stack:
        stack.enter_context(sole_use(_private(options.data_dir)))
        listening = stack.enter_context(listen(options.host, options.port))
        urls = await _databases(options, stack)
        for name, package in DATABASES.items():
            await migrate(urls[name], package)
        clock = await _clock(options, urls["gateway"])
        gateway, cards = await _suite(options, urls, clock, stack)
        await _serve(options, listening, gateway, cards)


async def _databases(options: Options, stack: AsyncExitStack) -> dict[str, str]:
    """One database and one role per service, on a server of our own or on `SUITE_POSTGRES_URL`."""
    names = [*DATABASES, BUS]
    existing = os.environ.get("SUITE_POSTGRES_URL")
    if existing:
        passwords = PasswordFile(_private(options.data_dir) / "passwords.json")
        for name in names:
            await ensure_database(existing, name, passwords.of(name))
        return {name: _as_role(existing, name, passwords.of(name)) for name in names}
    server: EmbeddedPostgres = await start_embedded_postgres(_private(options.data_dir), _say)
    stack.push_async_callback(server.stop)
    _say(server.where)
    return {name: await server.ensure_database(name) for name in names}


def _private(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _as_role(admin_url: str, name: str, password: str) -> str:
    parts = urlsplit(admin_url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(scheme="postgresql+asyncpg", netloc=f"{name}:{password}@{place}", path=f"/{name}").geturl()


async def _clock(options: Options, url: str) -> Clock:
    """The system's clock; a demo suite keeps its own business time over restarts."""
    if not options.demo:
        return Clock()
    database = Database(url)
    async with database.transaction() as session:
        offset = await kept_offset(session)
        if offset is None:
            offset = options.clock - datetime.now(UTC) if options.clock else timedelta(0)
            await keep_demo_clock(Work(session, datetime.now(UTC)), offset)
    await database.close()
    return Clock(offset, movable=True)


async def _suite(options: Options, urls: dict[str, str], clock: Clock, stack: AsyncExitStack) -> tuple[Gateway, dict[str, str]]:
    """Every service with its lifespan running (a mounted app's does not run by itself), the door before them."""
    bus_url = os.environ.get("SUITE_BUS_URL", urls[BUS])
    common: dict[str, Any] = {"key_encryption_key": _key(options.data_dir), "bus_url": bus_url, "log_level": options.log_level}
    bus = open_bus(bus_url)
    stack.push_async_callback(bus.close)
    database = Database(urls["gateway"])
    keys = await load_signing_keys(database, base64.b64decode(common["key_encryption_key"]), datetime.now(UTC))
    async with database.transaction() as session:
        work = Work(session, clock.now())
        cards = await create_demo_people(work) if options.demo else {}
        token = None if options.demo else await setup_token(work)
    await database.close()
    source = keys.source()
    credit = credit_app(CreditSettings(database_url=urls["credit"], **common), clock=clock, bus=bus, keys=source)
    collection_settings = CollectionSettings(database_url=urls["collection"], **common)
    collection = collection_app(collection_settings, clock=clock, bus=bus, keys=source)
    apps = {"credit": credit, "collection": collection}
    settings = Settings(database_url=urls["gateway"], demo=options.demo, **common)
    upstreams = {name: AsgiUpstream(app) for name, app in apps.items()}
    sources = {name: app.openapi for name, app in apps.items()}
    gateway = create_gateway(settings, clock=clock, bus=bus, keys=keys, upstreams=upstreams, sources=sources)
    for app in (*apps.values(), gateway.app):
        await stack.enter_async_context(app.router.lifespan_context(app))
    return gateway, cards | ({"setup token": token} if token else {})


async def _serve(options: Options, listening: socket.socket, gateway: Gateway, cards: dict[str, str]) -> None:
    config = uvicorn.Config(
        gateway.door, log_config=None, access_log=False, lifespan="off", server_header=False, timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=64 * 1024,
    )  # fmt: skip
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    _welcome(options, address_of(listening), cards)
    with suppress(asyncio.CancelledError):
        await serving


def _welcome(options: Options, address: str, cards: dict[str, str]) -> None:
    """One line: the address and how to get in."""
    token = cards.pop("setup token", None)
    if token:
        _say(f"Ready at {address} — first run: POST {address}/api/v1/auth/setup with the one-time token {token}")
    elif options.demo:
        _say(f"Ready at {address} — a demo suite; API page {address}/docs")
        for login, password in cards.items():
            _say(f"  {login:<12} {password}")
    else:
        _say(f"Ready at {address} — sign in at {address}/api/v1/auth/login; API page {address}/docs")
    if options.demo_users is not None:
        fresh = options.demo_users.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"address": address, "passwords": cards}, file)
        fresh.replace(options.demo_users)


def _key(data_dir: Path) -> str:
    """The key-encryption key: generated at the first start, kept in a file that only we may read."""
    path = data_dir / "key-encryption-key"
    with suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(base64.b64encode(os.urandom(32)).decode())
    return path.read_text()


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    main()
