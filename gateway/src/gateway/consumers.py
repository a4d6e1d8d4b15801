"""What the gateway reads: every event, for the feed."""

from shared.contracts.event import Fact
from shared.messaging.envelope import Envelope
from shared.records.work import Work

from gateway.use_cases.record_feed import record_feed

TOPICS = ("credit.events", "collection.events", "gateway.events", "ticket.events", "survey.events")


async def handle(work: Work, event: Fact, envelope: Envelope) -> None:
    """One event, in the transaction that the consumer opened."""
    await record_feed(work, event, envelope)
