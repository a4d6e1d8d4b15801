"""Decisions and attempts; frequency is reserved under advisory locks, customer first, then the number."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from collection_service.domain.compliance.facts import History, Past
from collection_service.domain.policy import POLICY
from collection_service.storage.tables.contacts import attempt, decision

LOOK_BACK = timedelta(days=8)
LOCK = text("SELECT pg_advisory_xact_lock(:kind, hashtext(:name))")
CUSTOMER_LOCK, NUMBER_LOCK = 1, 2


async def lock_frequency(session: AsyncSession, customer_id: UUID, number_idx: bytes | None) -> None:
    """Two collectors cannot both take the last call."""
    await session.execute(LOCK, {"kind": CUSTOMER_LOCK, "name": str(customer_id)})
    if number_idx is not None:
        await session.execute(LOCK, {"kind": NUMBER_LOCK, "name": number_idx.hex()})


async def history_of(session: AsyncSession, customer_id: UUID, number_idx: bytes | None, now: datetime) -> History:
    """The outbound attempts of the last days; a reservation that was never started is void after five minutes."""
    void = (attempt.c.state == "reserved") & (attempt.c.reserved_at <= now - POLICY.reservation_life)
    recent = (attempt.c.reserved_at > now - LOOK_BACK) & (attempt.c.direction == "OUTBOUND") & (attempt.c.state != "void") & ~void
    own = (await session.execute(select(attempt).where(recent, attempt.c.customer_id == customer_id))).all()
    same = (
        []
        if number_idx is None
        else (await session.execute(select(attempt).where(recent, attempt.c.number_idx == number_idx))).all()
    )
    return History([_past(row) for row in own], [_past(row) for row in same])


def _past(row: Row[Any]) -> Past:
    effective = row.effective if row.state == "finished" else True
    return Past(row.started_at or row.reserved_at, row.channel, bool(effective), row.contact_person_id, row.number_idx)


async def add_decision(session: AsyncSession, values: dict[str, Any]) -> None:
    """Store a decision; immutable but for its being spent."""
    await session.execute(insert(decision).values(values))


async def spend_decision(session: AsyncSession, decision_id: UUID) -> bool:
    """A token is used once."""
    spent = update(decision).where(decision.c.id == decision_id, decision.c.allow, decision.c.spent.is_(False)).values(spent=True)
    return (await session.execute(spent.returning(decision.c.id))).first() is not None


async def add_attempt(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Reserve an attempt."""
    return (await session.execute(insert(attempt).values(values).returning(attempt))).one()


async def lock_attempt(session: AsyncSession, attempt_id: UUID) -> Row[Any] | None:
    """One attempt, locked."""
    return (await session.execute(select(attempt).where(attempt.c.id == attempt_id).with_for_update())).first()


async def change_attempt(session: AsyncSession, attempt_id: UUID, **values: Any) -> Row[Any]:
    """Store what became of it."""
    return (await session.execute(update(attempt).where(attempt.c.id == attempt_id).values(values).returning(attempt))).one()


async def attempts_of(session: AsyncSession, case_id: UUID) -> Sequence[Row[Any]]:
    """The attempts of a case, oldest first."""
    return (await session.execute(select(attempt).where(attempt.c.case_id == case_id).order_by(attempt.c.id))).all()


async def failed_in_a_row(session: AsyncSession, point_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Per contact point: failed attempts since the last one that reached somebody."""
    ended = select(attempt).where(attempt.c.contact_point_id.in_(point_ids), attempt.c.state == "finished")
    counts = dict.fromkeys(point_ids, 0)
    for row in await session.execute(ended.order_by(attempt.c.id)):
        failed = row.outcome in {"NO_ANSWER", "BUSY", "BOUNCED"}
        counts[row.contact_point_id] = counts[row.contact_point_id] + 1 if failed else 0
    return counts


async def void_reservations(session: AsyncSession, now: datetime) -> None:
    """Reserved and not started after five minutes: void, not counted."""
    late = (attempt.c.state == "reserved") & (attempt.c.reserved_at <= now - POLICY.reservation_life)
    await session.execute(update(attempt).where(late).values(state="void"))
