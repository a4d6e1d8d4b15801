"""The frame of every service: one FastAPI app with problems, health, metrics and the loops beside it."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.database.engine import Database
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Bus
from shared.messaging.relay import Relay
from shared.messaging.wave import Handlers
from shared.observability.metrics import Metrics
from shared.records.timers import Handler, TimerLoop
from shared.settings import ServiceSettings
from shared.web import clock_control, health
from shared.web.authentication import KeySource, TokenVerifier
from shared.web.background import Loop, running
from shared.web.limits import Frame
from shared.web.problems import DOCUMENTED, Problem, handle_problems
from shared.web.runtime import Runtime

GC_THRESHOLD = 50_000


@dataclass(frozen=True)
class Service:
    """What distinguishes one service from another: its routes, what it reads, what it does at a time."""

    name: str
    title: str
    routers: Sequence[APIRouter]
    handlers: Handlers
    topics: Sequence[str]
    timers: Callable[[Database], Mapping[str, Handler]] = lambda _database: {}
    plan: Callable[[AsyncSession, datetime], Awaitable[None]] | None = None


def service_app(service: Service, settings: ServiceSettings, *, clock: Clock, bus: Bus, keys: KeySource) -> FastAPI:
    """The app; its lifespan opens and closes everything. A worker answers health, metrics and nothing else."""
    runtime = _runtime(service, settings, clock, bus, keys)
    consumer = _consumer(service, settings, runtime)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        gc.set_threshold(GC_THRESHOLD, 20, 20)
        gc.freeze()
        async with running(_loops(service, settings, runtime, consumer), runtime.broken):
            yield
        await runtime.database.close()

    app = FastAPI(title=service.title, version=settings.docs_version, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.runtime, app.state.consumer = runtime, consumer
    app.include_router(health.router)
    app.include_router(clock_control.router)
    for router in service.routers if settings.role != "worker" else ():
        app.include_router(router, responses=DOCUMENTED)
    handle_problems(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.add_middleware(Frame, metrics=runtime.metrics)
    return app


def _runtime(service: Service, settings: ServiceSettings, clock: Clock, bus: Bus, keys: KeySource) -> Runtime:
    database = Database(settings.database_url.get_secret_value(), pool_size=settings.pool_size)
    verifier = TokenVerifier(keys, service.name)
    return Runtime(service.name, database, bus, clock, verifier, Metrics(service.name), settings.key_ring())


def _consumer(service: Service, settings: ServiceSettings, runtime: Runtime) -> Consumer:
    return Consumer(
        runtime.database,
        runtime.bus,
        runtime.clock,
        runtime.metrics,
        service.handlers,
        group=service.name,
        topics=service.topics,
        instance=f"{service.name}-{settings.replica}",
    )


def _loops(service: Service, settings: ServiceSettings, runtime: Runtime, consumer: Consumer) -> dict[str, Loop]:
    """Relay, consumer and timers of a process that works; an API process still relays what it wrote, if nobody else does."""
    if not settings.works:
        return {}
    loops: dict[str, Loop] = {"relay": Relay(runtime.database, runtime.bus, runtime.metrics).run}
    if service.topics:
        loops["consumer"] = consumer.run
    handlers = service.timers(runtime.database)
    if handlers:
        loops["timers"] = _timers(service, runtime, handlers)
    return loops


def _timers(service: Service, runtime: Runtime, handlers: Mapping[str, Handler]) -> Loop:
    """The timer loop; what recurs is planned at its start (planning twice changes nothing)."""

    async def loop() -> None:
        if service.plan is not None:
            async with runtime.database.transaction() as session:
                await service.plan(session, runtime.clock.now())
        await TimerLoop(runtime.database, runtime.clock, handlers, runtime.metrics).run()

    return loop


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        app.openapi_schema = document
    return app.openapi_schema
