"""What the parts of a running service share: database, clock, keys, metrics, the state of its background loops."""

from dataclasses import dataclass, field

from fastapi import Request

from shared.clock import Clock
from shared.database.engine import Database
from shared.messaging.ports import Bus
from shared.observability.metrics import Metrics
from shared.records.sealing import KeyRing
from shared.web.authentication import TokenVerifier


@dataclass
class Runtime:
    """One service inside this process. `broken` names background loops that are down at the moment."""

    name: str
    database: Database
    bus: Bus
    clock: Clock
    verifier: TokenVerifier
    metrics: Metrics
    ring: KeyRing
    broken: dict[str, str] = field(default_factory=dict)


def runtime_of(request: Request) -> Runtime:
    """The runtime of the app that answers this request."""
    runtime: Runtime = request.app.state.runtime
    return runtime
