"""The write side: an event is a row of the transaction that changes the state."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from shared.contracts.event import Fact
from shared.messaging.envelope import Stamp, encode_headers
from shared.messaging.ports import KEY_TOPIC
from shared.messaging.streams import Stream
from shared.messaging.tables import outbox
from shared.records.work import Work
from shared.values.ids import new_id

LARGEST_PAYLOAD = 64 * 1024
PUBLISHED = "outbox_published"


class PayloadTooLarge(ValueError):
    """A payload over 64 KiB: send counts and the id to read instead of lists."""


async def publish(
    work: Work, stream: Stream, aggregate_id: UUID, *facts: Fact, owner_id: UUID | None = None, broadcast: bool = False
) -> int:
    """Announce facts of one aggregate, in order; returns the last sequence number.

    Raises the aggregate's `event_seq` with one UPDATE, which also locks its row: position order is commit order.
    A consumer that replays writes nothing. Errors: `PayloadTooLarge`; `LookupError` when the aggregate has no row.
    """
    if work.replaying or not facts:
        return 0
    last, key = await _raise_sequence(work.session, stream, aggregate_id, len(facts))
    first = last - len(facts) + 1
    stamps = [Stamp(new_id(), aggregate_id, first + index, owner_id, broadcast) for index in range(len(facts))]
    rows = [_row(work, stream, key, fact, stamp) for fact, stamp in zip(facts, stamps, strict=True)]
    await work.session.execute(insert(outbox), rows)
    mark_published(work.session)
    return last


async def publish_key(work: Work, customer_id: UUID, wrapped: bytes | None) -> None:
    """Send a customer's wrapped data key to the compacted topic `credit.keys`; None is the tombstone of an erasure."""
    row = {
        "id": new_id(),
        "topic": KEY_TOPIC,
        "key": str(customer_id),
        "aggregate_type": "customer_key",
        "aggregate_id": customer_id,
        "aggregate_seq": 0,
        "type": "",
        "occurred_at": work.now,
        "headers": b"",
        "data": wrapped,
    }
    await work.session.execute(insert(outbox).values(row))
    mark_published(work.session)


def mark_published(session: AsyncSession) -> None:
    """Have the relay woken when this transaction commits."""
    session.sync_session.info[PUBLISHED] = True


def has_published(session: Session) -> bool:
    """Whether the transaction that just committed wrote outbox rows."""
    return bool(session.info.pop(PUBLISHED, False))


def payload_of(fact: Fact) -> bytes:
    """The bare JSON of a fact. Errors: `PayloadTooLarge`."""
    data = fact.model_dump_json().encode()
    if len(data) > LARGEST_PAYLOAD:
        raise PayloadTooLarge(f"{fact.type} has {len(data)} bytes")
    return data


async def _raise_sequence(session: AsyncSession, stream: Stream, aggregate_id: UUID, by: int) -> tuple[int, str]:
    table = stream.table
    raised = update(table).where(table.c[stream.id_column] == aggregate_id)
    raised = raised.values(event_seq=table.c.event_seq + by)
    row = (await session.execute(raised.returning(table.c.event_seq, table.c[stream.key_column]))).first()
    if row is None:
        raise LookupError(f"no {stream.aggregate} {aggregate_id}")
    return row[0], str(row[1])


def _row(work: Work, stream: Stream, key: str, fact: Fact, stamp: Stamp) -> dict[str, object]:
    if fact.aggregate != stream.aggregate:
        raise ValueError(f"{fact.type} belongs to the aggregate {fact.aggregate}, not {stream.aggregate}")
    return {
        "id": stamp.event_id,
        "topic": fact.topic(),
        "key": key,
        "aggregate_type": stream.aggregate,
        "aggregate_id": stamp.aggregate_id,
        "aggregate_seq": stamp.seq,
        "type": fact.type,
        "occurred_at": work.now,
        "headers": encode_headers(work, fact, stamp),
        "data": payload_of(fact),
        "broadcast": stamp.broadcast,
    }


__all__: Sequence[str] = ("PayloadTooLarge", "has_published", "mark_published", "payload_of", "publish", "publish_key")
