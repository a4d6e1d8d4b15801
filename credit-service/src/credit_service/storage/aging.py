"""The aging report (账龄分析, CL-04): summed by the database, never row by row in Python."""

from datetime import date
from typing import Any

from shared.records.work import Work
from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from credit_service.domain.aging import BY_DUE, LAST
from credit_service.storage.customers import in_scope
from credit_service.storage.tables.file import customer
from credit_service.storage.tables.ledger import allocation, receivable


async def aging_by_customer(work: Work, as_of: date) -> list[dict[str, Any]]:
    """Open principal at the end of a day by customer and bucket, in fen; Σ buckets = AR of that day."""
    return [dict(row) for row in (await work.session.execute(_statement(work, as_of))).mappings()]


def _statement(work: Work, as_of: date) -> Any:
    paid = (
        select(allocation.c.receivable_id, func.sum(allocation.c.amount_fen).label("paid"))
        .where(allocation.c.effective_on <= as_of, allocation.c.reversed_by.is_(None))
        .group_by(allocation.c.receivable_id)
        .subquery()
    )
    open_then = receivable.c.amount_fen - func.coalesce(paid.c.paid, 0)
    days = as_of - receivable.c.due_on
    bucket = case(*[(days <= last, name) for name, last in BY_DUE], else_=LAST).label("bucket")
    return (
        select(
            customer.c.id.label("customer_id"), customer.c.number, bucket, cast(func.sum(open_then), BigInteger).label("open_fen")
        )
        .join(customer, customer.c.id == receivable.c.customer_id)
        .outerjoin(paid, paid.c.receivable_id == receivable.c.id)
        .where(receivable.c.component == "PRINCIPAL", receivable.c.occurred_on <= as_of, in_scope(work), open_then > 0)
        .group_by(customer.c.id, customer.c.number, bucket)
        .order_by(customer.c.number, bucket)
    )


async def total_open(session: AsyncSession) -> int:
    """Σ of everything open, in fen."""
    return int(await session.scalar(select(func.coalesce(func.sum(receivable.c.open_fen), 0))) or 0)
