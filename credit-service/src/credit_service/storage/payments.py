"""Payments, earmarks and allocations."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from credit_service.storage.tables.ledger import allocation, earmark, payment


async def add_payment(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Store a receipt; returns its row."""
    return (await session.execute(insert(payment).values(values).returning(payment))).one()


async def payment_of(session: AsyncSession, payment_id: UUID) -> Row[Any] | None:
    """One payment."""
    return (await session.execute(select(payment).where(payment.c.id == payment_id))).first()


async def payment_by_dedupe_key(session: AsyncSession, key: str) -> Row[Any] | None:
    """The payment that was entered before with the same bank serial or the same content."""
    return (await session.execute(select(payment).where(payment.c.dedupe_key == key))).first()


async def change_payment(session: AsyncSession, payment_id: UUID, **values: Any) -> Row[Any]:
    """Add to its amounts (`*_fen`) or replace its state."""
    changed = {name: payment.c[name] + value if name.endswith("_fen") else value for name, value in values.items()}
    return (await session.execute(update(payment).where(payment.c.id == payment_id).values(changed).returning(payment))).one()


async def cash_on_account(session: AsyncSession, customer_id: UUID) -> Sequence[Row[Any]]:
    """Payments with money on account, in the order in which it is used: value date, id."""
    mine = select(payment).where(payment.c.customer_id == customer_id, payment.c.on_account_fen > 0)
    return (await session.execute(mine.order_by(payment.c.value_date, payment.c.id))).all()


async def earmarks_of_order(session: AsyncSession, customer_id: UUID, order_ref: str) -> Sequence[Any]:
    """What is earmarked to an order, oldest money first: payment id, amount, value date."""
    joined = select(earmark.c.payment_id, earmark.c.amount_fen, payment.c.value_date).join(
        payment, payment.c.id == earmark.c.payment_id
    )
    mine = joined.where(payment.c.customer_id == customer_id, earmark.c.order_ref == order_ref, earmark.c.amount_fen > 0)
    return (await session.execute(mine.order_by(payment.c.value_date, payment.c.id))).all()


async def earmarks_of_payment(session: AsyncSession, payment_id: UUID) -> Sequence[Row[Any]]:
    """Which orders hold money of a payment."""
    mine = select(earmark).where(earmark.c.payment_id == payment_id, earmark.c.amount_fen > 0)
    return (await session.execute(mine.order_by(earmark.c.order_ref))).all()


async def earmarked_to(session: AsyncSession, customer_id: UUID, order_ref: str) -> int:
    """The sum earmarked to an order, in fen."""
    return sum(row.amount_fen for row in await earmarks_of_order(session, customer_id, order_ref))


async def change_earmark(session: AsyncSession, payment_id: UUID, order_ref: str, delta_fen: int) -> None:
    """More or less of a payment for an order."""
    if delta_fen > 0:
        row = {"payment_id": payment_id, "order_ref": order_ref, "amount_fen": delta_fen}
        more = upsert(earmark).values(row)
        more = more.on_conflict_do_update(
            index_elements=["payment_id", "order_ref"], set_={"amount_fen": earmark.c.amount_fen + delta_fen}
        )
        await session.execute(more)
        return
    mine = (earmark.c.payment_id == payment_id) & (earmark.c.order_ref == order_ref)
    await session.execute(update(earmark).where(mine).values(amount_fen=earmark.c.amount_fen + delta_fen))
    await session.execute(delete(earmark).where(mine, earmark.c.amount_fen == 0))


async def add_allocations(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """Store what went where."""
    if rows:
        await session.execute(insert(allocation), rows)


async def live_allocations(session: AsyncSession, payment_id: UUID) -> Sequence[Row[Any]]:
    """The allocations of a payment that are not reversed, newest first."""
    mine = select(allocation).where(allocation.c.payment_id == payment_id, allocation.c.reversed_by.is_(None))
    return (await session.execute(mine.order_by(allocation.c.id.desc()))).all()


async def reverse_allocations(session: AsyncSession, ids: list[UUID], journal_id: UUID) -> None:
    """Mark allocations as reversed by a journal."""
    await session.execute(update(allocation).where(allocation.c.id.in_(ids)).values(reversed_by=journal_id))


async def total_allocated(session: AsyncSession, payment_id: UUID) -> int:
    """Σ of the live allocations of a payment, in fen."""
    mine = (allocation.c.payment_id == payment_id) & allocation.c.reversed_by.is_(None)
    return int(await session.scalar(select(func.coalesce(func.sum(allocation.c.amount_fen), 0)).where(mine)) or 0)
