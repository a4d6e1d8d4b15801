"""Receivables: rows to domain values and back."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from credit_service.domain.allocation import Debt
from credit_service.domain.order_check import OldItem
from credit_service.storage.tables.ledger import receivable

UNDISPUTED = receivable.c.open_fen - receivable.c.disputed_fen


async def add_receivable(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Store a new item; returns its row. Errors: `IntegrityError` when the shipment has one already."""
    return (await session.execute(insert(receivable).values(values).returning(receivable))).one()


async def receivable_of(session: AsyncSession, receivable_id: UUID) -> Row[Any] | None:
    """One item."""
    return (await session.execute(select(receivable).where(receivable.c.id == receivable_id))).first()


async def receivable_of_shipment(session: AsyncSession, customer_id: UUID, shipment_ref: str) -> Row[Any] | None:
    """The principal that a shipment made."""
    mine = (receivable.c.customer_id == customer_id) & (receivable.c.shipment_ref == shipment_ref)
    live = mine & (receivable.c.component == "PRINCIPAL") & (receivable.c.state != "CANCELLED")
    return (await session.execute(select(receivable).where(live))).first()


async def open_items(session: AsyncSession, customer_id: UUID) -> Sequence[Row[Any]]:
    """Everything of a customer that is open, oldest due first."""
    mine = select(receivable).where(receivable.c.customer_id == customer_id, receivable.c.open_fen > 0)
    return (await session.execute(mine.order_by(receivable.c.due_on, receivable.c.id))).all()


async def old_items(session: AsyncSession, customer_id: UUID, as_of: date) -> list[OldItem]:
    """Open principal as the age gate sees it on a day: a dispute that has lapsed no longer covers anything."""
    covered = case((func.coalesce(receivable.c.dispute_until, as_of) >= as_of, receivable.c.disputed_fen), else_=0)
    columns = (
        receivable.c.id,
        receivable.c.ref,
        receivable.c.due_on,
        receivable.c.open_fen - covered,
        receivable.c.shipped_on,
        receivable.c.aged_on,
    )
    mine = select(*columns).where(receivable.c.customer_id == customer_id, receivable.c.open_fen > 0)
    rows = await session.execute(mine.where(receivable.c.component == "PRINCIPAL").order_by(receivable.c.due_on))
    return [OldItem(*row) for row in rows]


async def deposit_open(session: AsyncSession, customer_id: UUID, order_ref: str) -> int:
    """What of the order's deposits (订金) is unpaid, in fen."""
    mine = (receivable.c.customer_id == customer_id) & (receivable.c.order_ref == order_ref)
    total = select(func.coalesce(func.sum(receivable.c.open_fen), 0)).where(mine, receivable.c.kind == "deposit")
    return int(await session.scalar(total) or 0)


async def gate_dates(session: AsyncSession, customer_id: UUID) -> tuple[date | None, date | None]:
    """The earliest due date and the earliest six-month date of open principal; a dispute in force puts them off."""
    put_off = receivable.c.open_fen <= receivable.c.disputed_fen
    due = case((put_off, func.greatest(receivable.c.due_on, receivable.c.dispute_until)), else_=receivable.c.due_on)
    aged = case((put_off, func.greatest(receivable.c.aged_on, receivable.c.dispute_until)), else_=receivable.c.aged_on)
    mine = (receivable.c.customer_id == customer_id) & (receivable.c.open_fen > 0)
    row = (await session.execute(select(func.min(due), func.min(aged)).where(mine, receivable.c.component == "PRINCIPAL"))).one()
    return row[0], row[1]


def debts_of(rows: Sequence[Row[Any]], *, with_disputed: bool = False) -> list[Debt]:
    """Open items as the allocation takes them; disputed parts and only by designation."""
    return [
        Debt(
            row.id,
            row.debt_id or row.id,
            row.component,
            row.open_fen if with_disputed else row.open_fen - row.disputed_fen,
            row.due_on,
            row.secured_fen,
            row.rate_ppm_year,
        )
        for row in rows
    ]


async def change_open(session: AsyncSession, receivable_id: UUID, delta_fen: int, day: date) -> Row[Any]:
    """Pay (negative) or open again (positive); a dispute never covers more than is open."""
    new = receivable.c.open_fen + delta_fen
    values = {
        "open_fen": new,
        "disputed_fen": func.least(receivable.c.disputed_fen, new),
        "state": case((new == 0, "SETTLED"), (new == receivable.c.amount_fen, "OPEN"), else_="PARTIAL"),
        "settled_on": case((new == 0, day), else_=None),
    }
    changed = update(receivable).where(receivable.c.id == receivable_id).values(values).returning(receivable)
    return (await session.execute(changed)).one()


def listed(customer_ids: Any) -> Select[Any]:
    """The rows of a list, to be narrowed by filters and a page."""
    return select(receivable).where(receivable.c.customer_id.in_(customer_ids))
