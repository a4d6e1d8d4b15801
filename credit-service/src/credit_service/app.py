"""The map of credit-service: its routes, what it reads, what it does at a time."""

from fastapi import FastAPI
from shared.clock import Clock
from shared.messaging.ports import Bus
from shared.messaging.wave import Handlers
from shared.web.application import Service, service_app
from shared.web.authentication import KeySource

from credit_service import consumers, jobs
from credit_service.api import (
    accounts,
    applications,
    closes,
    contracts,
    customers,
    holds,
    lines,
    order_checks,
    overrides,
    payments,
    persons,
    receivables,
    reports,
    shipment_checks,
)
from credit_service.settings import Settings

ROUTERS = (
    customers.router,
    persons.router,
    contracts.router,
    applications.router,
    lines.router,
    order_checks.router,
    holds.router,
    overrides.router,
    shipment_checks.router,
    receivables.router,
    payments.router,
    accounts.router,
    closes.router,
    reports.router,
)


def create_app(settings: Settings, *, clock: Clock, bus: Bus, keys: KeySource) -> FastAPI:
    """The service, ready to be served or mounted."""
    service = Service(
        name="credit",
        title="credit-service",
        routers=ROUTERS,
        handlers=Handlers(consumers.handle),
        topics=consumers.TOPICS,
        timers=lambda database: jobs.timers(database, settings.close_at),
        plan=lambda session, now: jobs.plan_recurring(session, now, settings.close_at),
    )
    return service_app(service, settings, clock=clock, bus=bus, keys=keys)
