"""The map of the gateway: its own app, the door before it, and what lies behind the door."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import FastAPI
from shared.clock import Clock
from shared.messaging.ports import Bus
from shared.messaging.wave import Handlers
from shared.web.application import Service, service_app
from shared.web.problems import DOCUMENTED

from gateway import consumers, jobs
from gateway.api import auth, demo, events, meta, users
from gateway.identity.access import Access
from gateway.identity.keys import SigningKeys
from gateway.portal.portal import Portal, Source
from gateway.proxy.asgi_upstream import AsgiUpstream
from gateway.proxy.door import Door
from gateway.proxy.ports import Upstream
from gateway.routing.table import load_table
from gateway.settings import Settings

ROUTERS = (
    auth.router,
    users.users,
    users.keys,
    users.units,
    users.delegations,
    events.router,
    meta.router,
    demo.router,
)


@dataclass(frozen=True)
class Gateway:
    """The ASGI app to serve (`door`), and the app whose lifespan must run (`app`)."""

    door: Door
    app: FastAPI


def create_gateway(
    settings: Settings,
    *,
    clock: Clock,
    bus: Bus,
    keys: SigningKeys,
    upstreams: Mapping[str, Upstream],
    sources: Mapping[str, Source],
) -> Gateway:
    """`upstreams` by name (the gateway's own app is added), `sources` of their OpenAPI documents."""
    service = Service(
        name="gateway",
        title="gateway",
        routers=ROUTERS,
        handlers=Handlers(consumers.handle),
        topics=consumers.TOPICS,
        timers=jobs.timers,
        plan=jobs.plan_recurring,
    )
    app = service_app(service, settings, clock=clock, bus=bus, keys=keys.source())
    app.include_router(auth.well_known, responses=DOCUMENTED)
    app.include_router(meta.pages)
    runtime, table = app.state.runtime, load_table(settings.routes_file)
    access = Access(runtime.database, keys, clock)
    app.state.access = access
    app.state.portal = Portal({**sources, "gateway": app.openapi}, table, settings.docs_version)
    door = Door(table, {**upstreams, "gateway": AsgiUpstream(app)}, access, runtime.metrics)
    return Gateway(door, app)
