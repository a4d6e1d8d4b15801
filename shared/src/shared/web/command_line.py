"""`python -m <service> serve | work | migrate | parked …`: the commands that every service understands."""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from fastapi import FastAPI

from shared.clock import Clock
from shared.database.migrations import migrate
from shared.messaging.bus import open_bus
from shared.messaging.parked import list_parked, redrive, skip
from shared.observability.logs import write_logs
from shared.settings import ServiceSettings
from shared.web.authentication import JwksKeys

DRAIN_S = 20
CreateApp = Callable[..., FastAPI]


def run(package: str, settings: ServiceSettings, create_app: CreateApp, arguments: Sequence[str] | None = None) -> None:
    """Carry out one command; the settings were read by the caller, the only reader of the environment."""
    options = _parser(package).parse_args(arguments)
    write_logs(settings.log_level)
    match options.command:
        case "migrate":
            asyncio.run(migrate(settings.database_url.get_secret_value(), package))
        case "parked":
            asyncio.run(_parked(_app(settings, create_app), options))
        case _:
            role = {"serve": settings.role, "work": "worker"}[options.command]
            serve(_app(settings.model_copy(update={"role": role}), create_app), settings.host, settings.port)


def serve(app: Any, host: str, port: int) -> None:
    """Answer HTTP until SIGTERM or SIGINT, then drain."""
    uvicorn.run(
        app, host=host, port=port, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=DRAIN_S, h11_max_incomplete_event_size=64 * 1024,
    )  # fmt: skip


def _app(settings: ServiceSettings, create_app: CreateApp) -> FastAPI:
    bus = open_bus(settings.bus_url.get_secret_value())
    return create_app(settings, clock=Clock(), bus=bus, keys=JwksKeys(settings.jwks_url))


def _parser(package: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {package}", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer HTTP; with role `all` also relay, consumer and timers")
    commands.add_parser("work", help="relay, consumer and timers only, with health and metrics")
    commands.add_parser("migrate", help="bring the database to the newest schema")
    parked = commands.add_parser("parked", help="records put aside: list them, redrive a key, skip one")
    parked.add_argument("action", choices=("list", "redrive", "skip"))
    parked.add_argument("id", type=int, nargs="?", help="the parked record")
    parked.add_argument("--reason", default="", help="why it is skipped")
    return parser


async def _parked(app: FastAPI, options: argparse.Namespace) -> None:
    runtime, consumer = app.state.runtime, app.state.consumer
    try:
        if options.action == "list":
            async with runtime.database.transaction() as session:
                for row in await list_parked(session):
                    print(*row, sep="\t")
        elif options.action == "redrive":
            print(await redrive(runtime.database, runtime.clock, options.id, consumer.process), "handled")
        else:
            await skip(runtime.database, runtime.clock, options.id, options.reason, consumer.give_up)
            print("skipped")
    finally:
        await runtime.database.close()
