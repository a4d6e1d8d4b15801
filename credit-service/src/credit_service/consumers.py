"""What this service reads: event to use case."""

from shared.contracts.event import Fact
from shared.contracts.gateway import OrgUnitChanged, UserChanged
from shared.messaging.envelope import Envelope
from shared.records.people import apply_unit, apply_user
from shared.records.work import Work

TOPICS = ("gateway.events",)


async def handle(work: Work, event: Fact, _envelope: Envelope) -> None:
    """One event, in the transaction that the consumer opened."""
    match event:
        case UserChanged():
            await apply_user(work, event)
        case OrgUnitChanged():
            await apply_unit(work, event)
