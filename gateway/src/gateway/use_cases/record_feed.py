"""Keep every event for subscribers without Kafka: one gap-free position, thirty days."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.contracts.event import Fact
from shared.messaging.envelope import Envelope
from shared.records.work import Work
from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as upsert

from gateway.storage.tables.feed import feed, feed_head

THE_HEAD = 1
KEPT = timedelta(days=30)


async def record_feed(work: Work, event: Fact, envelope: Envelope) -> None:
    """One row per event; a broadcast, which arrives in every partition, is kept from the first only."""
    if envelope.broadcast and envelope.partition:
        return
    counted = upsert(feed_head).values(id=THE_HEAD, last=1)
    counted = counted.on_conflict_do_update(index_elements=["id"], set_={"last": feed_head.c.last + 1})
    position = await work.session.scalar(counted.returning(feed_head.c.last))
    values = {
        "position": position,
        "id": envelope.id,
        "type": envelope.type,
        "org_unit_id": UUID(envelope.org_unit) if envelope.org_unit else None,
        "owner_id": UUID(envelope.owner) if envelope.owner else None,
        "event": cloud_event(event, envelope),
        "arrived_at": work.now,
    }
    await work.session.execute(insert(feed).values(values))


async def sweep_feed(work: Work) -> None:
    """Forget what is older than thirty days; positions stay."""
    await work.session.execute(delete(feed).where(feed.c.arrived_at < work.now - KEPT))


def cloud_event(event: Fact, envelope: Envelope) -> dict[str, Any]:
    """CloudEvents 1.0 in JSON form."""
    return {
        "specversion": "1.0",
        "id": str(envelope.id),
        "source": envelope.source,
        "type": envelope.type,
        "subject": f"{envelope.aggregate_type}/{envelope.aggregate_id}",
        "time": envelope.time.isoformat(),
        "aggtype": envelope.aggregate_type,
        "aggid": str(envelope.aggregate_id),
        "aggseq": envelope.aggregate_seq,
        "correlationid": envelope.correlation_id,
        "causationid": envelope.causation_id,
        "actor": envelope.actor,
        "data": event.model_dump(mode="json"),
    }
