"""Published documents: one module per publishing service (credit's account in one of its own), one model per event."""

from shared.contracts import collection, credit, credit_account, gateway
from shared.contracts.event import REGISTRY, Event, Fact

__all__ = ["REGISTRY", "Event", "Fact", "collection", "credit", "credit_account", "gateway"]
