"""The read side's rows: what was handled, how far each aggregate and partition is, which keys wait behind a parked record."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Integer, Text, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.columns import Id
from shared.messaging.envelope import Envelope
from shared.messaging.ports import Place
from shared.messaging.tables import parked

Aggregate = tuple[str, UUID]

TAKE = text("""
INSERT INTO inbox (event_id, partition, handled_at) SELECT id, :partition, :now FROM unnest(:ids) AS id
ON CONFLICT DO NOTHING RETURNING event_id""").bindparams(bindparam("ids", type_=ARRAY(Id)))
POSITIONS = text("""
SELECT p.aggregate_type, p.aggregate_id, p.last_seq FROM unnest(:types, :ids) AS w(aggregate_type, aggregate_id)
JOIN stream_position p USING (aggregate_type, aggregate_id)""").bindparams(
    bindparam("types", type_=ARRAY(Text)), bindparam("ids", type_=ARRAY(Id))
)
KEEP_POSITIONS = text("""
INSERT INTO stream_position SELECT * FROM unnest(:types, :ids, :seqs)
ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE SET last_seq = EXCLUDED.last_seq""").bindparams(
    bindparam("types", type_=ARRAY(Text)), bindparam("ids", type_=ARRAY(Id)), bindparam("seqs", type_=ARRAY(BigInteger))
)
KEEP_OFFSET = text("""
INSERT INTO consumer_offset VALUES (:topic, :partition, :next_offset)
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = EXCLUDED.next_offset""")
OFFSETS = text("""
SELECT o.topic, o.partition, o.next_offset FROM unnest(:topics, :partitions) AS w(topic, partition)
JOIN consumer_offset o USING (topic, partition)""").bindparams(
    bindparam("topics", type_=ARRAY(Text)), bindparam("partitions", type_=ARRAY(Integer))
)


class SequenceGap(Exception):
    """An event of an aggregate is missing before this one."""


def aggregate_of(envelope: Envelope) -> Aggregate:
    """The aggregate whose sequence counts; a broadcast arrives in every partition and counts in each."""
    kind = envelope.aggregate_type
    return (f"{kind}#{envelope.partition}" if envelope.broadcast else kind, envelope.aggregate_id)


async def take(session: AsyncSession, envelopes: Collection[Envelope], partition: int, now: datetime) -> set[UUID]:
    """Enter the events into the inbox; returns those that were not there yet."""
    ids = [envelope.id for envelope in envelopes]
    rows = await session.execute(TAKE, {"ids": ids, "partition": partition, "now": now})
    return set(rows.scalars())


async def positions_of(session: AsyncSession, aggregates: Iterable[Aggregate]) -> dict[Aggregate, int]:
    """The last sequence handled of each aggregate (absent: none)."""
    wanted = list(dict.fromkeys(aggregates))
    names = {"types": [kind for kind, _ in wanted], "ids": [identifier for _, identifier in wanted]}
    return {(row[0], row[1]): row[2] for row in await session.execute(POSITIONS, names)}


async def keep_positions(session: AsyncSession, positions: Mapping[Aggregate, int]) -> None:
    """Store how far the aggregates are."""
    if positions:
        names = {"types": [kind for kind, _ in positions], "ids": [identifier for _, identifier in positions]}
        await session.execute(KEEP_POSITIONS, names | {"seqs": list(positions.values())})


async def keep_offset(session: AsyncSession, place: Place, next_offset: int) -> None:
    """Store how far the partition is, in the transaction that handled it."""
    await session.execute(KEEP_OFFSET, {"topic": place[0], "partition": place[1], "next_offset": next_offset})


async def offsets_of(session: AsyncSession, places: Collection[Place]) -> dict[Place, int]:
    """Where to start each partition."""
    wanted = {"topics": [place[0] for place in places], "partitions": [place[1] for place in places]}
    return {(row[0], row[1]): row[2] for row in await session.execute(OFFSETS, wanted)}


async def parked_keys(session: AsyncSession, topic: str, keys: Collection[str]) -> set[str]:
    """Which of the keys wait behind a parked record."""
    waiting = select(parked.c.key).where(parked.c.topic == topic, parked.c.state == "PARKED")
    return set((await session.scalars(waiting.where(parked.c.key.in_(list(keys))).distinct())).all())


def check_sequence(envelope: Envelope, last: int) -> bool:
    """True: this is the next one; False: it was handled before. Errors: `SequenceGap`."""
    if envelope.aggregate_seq > last + 1:
        raise SequenceGap(f"{envelope.aggregate_type} {envelope.aggregate_id}: {last} is followed by {envelope.aggregate_seq}")
    return envelope.aggregate_seq == last + 1
