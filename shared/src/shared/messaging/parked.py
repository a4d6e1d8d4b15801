"""Records put aside because they cannot be handled, with everything of their key behind them; redriven or skipped by people."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.database.engine import Database
from shared.messaging.envelope import pack_headers, unpack_headers
from shared.messaging.outbox import mark_published
from shared.messaging.ports import IncomingRecord
from shared.messaging.tables import outbox, parked
from shared.records.audit import write_audit
from shared.records.principal import SYSTEM, Principal
from shared.records.work import Work
from shared.values.errors import Missing
from shared.values.ids import derived_id, new_id

Process = Callable[[AsyncSession, IncomingRecord], Awaitable[None]]
LOCK_KEY = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 1))")


async def lock_key(session: AsyncSession, topic: str, key: str) -> None:
    """One at a time: the worker that parks behind a key, and the redrive that empties it."""
    await session.execute(LOCK_KEY, {"name": f"{topic}|{key}"})


async def is_parked(session: AsyncSession, topic: str, key: str) -> bool:
    """Whether something of the key waits."""
    waiting = select(parked.c.id).where(parked.c.topic == topic, parked.c.key == key, parked.c.state == "PARKED")
    return await session.scalar(waiting.limit(1)) is not None


async def park(session: AsyncSession, record: IncomingRecord, reason: str, clock: Clock, group: str) -> None:
    """Put a record aside; a copy goes to `<group>.dlq` through the outbox, so that it cannot be lost either."""
    headers = pack_headers(list(record.headers.items()))
    event_type = record.headers.get("ce_type", b"").decode()
    row = {
        "topic": record.topic,
        "partition": record.partition,
        "record_offset": record.offset,
        "key": record.key,
        "type": event_type,
        "headers": headers,
        "value": record.value,
        "reason": reason.replace("\0", "")[:2000],
        "parked_at": clock.now(),
    }
    await session.execute(insert(parked).values(row))
    copy = {
        "id": new_id(),
        "topic": f"{group}.dlq",
        "key": record.key,
        "aggregate_type": "parked",
        "aggregate_id": derived_id(SYSTEM.id, f"{record.topic}/{record.partition}/{record.offset}"),
        "aggregate_seq": 0,
        "type": event_type,
        "occurred_at": clock.now(),
        "headers": headers,
        "data": record.value,
    }
    await session.execute(insert(outbox).values(copy))
    mark_published(session)


async def list_parked(session: AsyncSession) -> Sequence[Row[Any]]:
    """What waits, oldest first, with how many records of its key wait in all."""
    columns = (parked.c.id, parked.c.topic, parked.c.key, parked.c.type, parked.c.reason, parked.c.parked_at)
    behind = func.count().over(partition_by=(parked.c.topic, parked.c.key)).label("of_key")
    return (await session.execute(select(*columns, behind).where(parked.c.state == "PARKED").order_by(parked.c.id))).all()


async def redrive(database: Database, clock: Clock, parked_id: int, process: Process, actor: Principal = SYSTEM) -> int:
    """Handle the parked records of that record's key again, in order; returns how many. Errors: 404; what a handler raises.

    Each record is one transaction; the first failure leaves it and all behind it parked.
    """
    async with database.transaction() as session:
        topic, key = await _key_of(session, parked_id)
    count = 0
    while True:
        async with database.transaction() as session:
            await lock_key(session, topic, key)
            first = await _first(session, topic, key)
            if first is None:
                return count
            await process(session, _record(first))
            await _decide(Work(session, clock.now(), actor), first.id, "REDRIVEN", None)
        count += 1


async def skip(database: Database, clock: Clock, parked_id: int, reason: str, skip_one: Process, actor: Principal = SYSTEM) -> None:
    """Give a record up; its sequence counts as handled, so that those behind it can be redriven. Errors: 404."""
    async with database.transaction() as session:
        topic, key = await _key_of(session, parked_id)
        await lock_key(session, topic, key)
        row = (await session.execute(select(parked).where(parked.c.id == parked_id))).one()
        await skip_one(session, _record(row))
        await _decide(Work(session, clock.now(), actor), parked_id, "SKIPPED", reason)


async def _key_of(session: AsyncSession, parked_id: int) -> tuple[str, str]:
    wanted = select(parked.c.topic, parked.c.key).where(parked.c.id == parked_id, parked.c.state == "PARKED")
    row = (await session.execute(wanted)).first()
    if row is None:
        raise Missing(detail=f"no parked record {parked_id}")
    return row.topic, row.key


async def _first(session: AsyncSession, topic: str, key: str) -> Row[Any] | None:
    waiting = select(parked).where(parked.c.topic == topic, parked.c.key == key, parked.c.state == "PARKED")
    return (await session.execute(waiting.order_by(parked.c.id).limit(1))).first()


def _record(row: Row[Any]) -> IncomingRecord:
    headers = dict(unpack_headers(row.headers))
    return IncomingRecord(row.topic, row.partition, row.record_offset, row.key, row.value, headers)


async def _decide(work: Work, parked_id: int, state: str, reason: str | None) -> None:
    decided = update(parked).where(parked.c.id == parked_id).values(state=state, decided_at=work.now)
    await work.session.execute(decided)
    subject = derived_id(SYSTEM.id, f"parked/{parked_id}")
    await write_audit(work, "parked", subject, state.lower(), after={"parked_id": parked_id}, reason=reason)
