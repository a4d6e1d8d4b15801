"""The rows of the daily close."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from credit_service.storage.tables.ledger import receivable
from credit_service.storage.tables.records import day_close

THE_CLOSE = UUID("00000000-0000-7000-8000-00000000c105")
RUN_LOCK = 0x434C4F5345


async def close_row(session: AsyncSession, *, lock: bool = False) -> Row[Any]:
    """The one row that says how far the closes are; locked, it keeps two runs apart."""
    await session.execute(insert(day_close).values(id=THE_CLOSE, event_key="day").on_conflict_do_nothing())
    one = select(day_close).where(day_close.c.id == THE_CLOSE)
    return (await session.execute(one.with_for_update() if lock else one)).one()


async def begin_closes(session: AsyncSession, first_day: date) -> None:
    """At the first start ever: everything before that day counts as closed."""
    row = {"id": THE_CLOSE, "event_key": "day", "last_closed_on": first_day - timedelta(days=1)}
    await session.execute(insert(day_close).values(row).on_conflict_do_nothing())


async def one_run_at_once(session: AsyncSession) -> None:
    """Wait until no other run is at work; the lock lasts as long as this transaction."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": RUN_LOCK})


async def change_close(session: AsyncSession, **values: Any) -> None:
    """Store the progress."""
    await session.execute(update(day_close).where(day_close.c.id == THE_CLOSE).values(values))


async def customers_with_work(session: AsyncSession, day: date, soon_days: int, customer_id: UUID | None) -> Sequence[UUID]:
    """Customers with an open item that still owes an announcement on that day, by id."""
    columns = receivable.c
    overdue = (columns.due_on < day) & columns.overdue_event_on.is_(None)
    soon = columns.due_on.between(day, day + timedelta(days=soon_days)) & columns.due_soon_event_on.is_(None)
    aged = (columns.aged_on < day) & columns.aged_event_on.is_(None)
    owing = select(columns.customer_id).where(columns.open_fen > 0, or_(overdue, soon, aged)).distinct()
    if customer_id is not None:
        owing = owing.where(columns.customer_id == customer_id)
    return (await session.scalars(owing.order_by(columns.customer_id))).all()


async def items_at(session: AsyncSession, customer_id: UUID, day: date) -> Sequence[Row[Any]]:
    """The open items of a customer with what no dispute covers on that day."""
    columns = receivable.c
    covered = case((func.coalesce(columns.dispute_until, day) >= day, columns.disputed_fen), else_=0)
    mine = select(receivable, (columns.open_fen - covered).label("undisputed_fen"))
    return (await session.execute(mine.where(columns.customer_id == customer_id, columns.open_fen > 0).order_by(columns.id))).all()


async def mark(session: AsyncSession, receivable_id: UUID, column: str, day: date) -> None:
    """Remember that an announcement was made."""
    await session.execute(update(receivable).where(receivable.c.id == receivable_id).values({column: day}))
