"""The map of collection-service: its routes, what it reads, what it does at a time."""

from fastapi import FastAPI
from shared.clock import Clock
from shared.messaging.ports import Bus
from shared.messaging.wave import Handlers
from shared.web.application import Service, service_app
from shared.web.authentication import KeySource

from collection_service import consumers, jobs
from collection_service.api import attempts, cases, closes, contact_checks, promises, queue, rulesets
from collection_service.settings import Settings

ROUTERS = (
    cases.router,
    queue.router,
    contact_checks.router,
    attempts.router,
    promises.router,
    rulesets.router,
    closes.router,
)


def create_app(settings: Settings, *, clock: Clock, bus: Bus, keys: KeySource) -> FastAPI:
    """The service, ready to be served or mounted."""
    service = Service(
        name="collection",
        title="collection-service",
        routers=ROUTERS,
        handlers=Handlers(consumers.handle, consumers.handle_key),
        topics=consumers.TOPICS,
        timers=lambda database: jobs.timers(database, settings.close_at),
        plan=jobs.plan_recurring,
    )
    return service_app(service, settings, clock=clock, bus=bus, keys=keys)
