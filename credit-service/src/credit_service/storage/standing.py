"""What the gates know of a customer beside the ledger: management, class, and the line that is not closed."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from credit_service.domain.gate import LineTerms, Standing
from credit_service.storage.tables.file import contract, customer
from credit_service.storage.tables.lines import line


async def standing_of(session: AsyncSession, customer_id: UUID) -> Standing:
    """The standing of a bill-to customer."""
    live = (
        select(
            line.c.limit_fen,
            line.c.term_days,
            line.c.valid_until,
            contract.c.valid_until.label("contract_until"),
            line.c.frozen_for,
        )
        .join(contract, contract.c.id == line.c.contract_id)
        .where(line.c.customer_id == customer_id, line.c.state != "CLOSED")
    )
    row = (await session.execute(live)).first()
    terms = LineTerms(row.limit_fen, row.term_days, row.valid_until, row.contract_until, tuple(row.frozen_for)) if row else None
    file = (await session.execute(select(customer.c.managed, customer.c.customer_class).where(customer.c.id == customer_id))).one()
    return Standing(file.managed, terms, file.customer_class)


async def last_term_days(session: AsyncSession, customer_id: UUID) -> int | None:
    """The term of the line in force, else of the last one, else None."""
    newest = (
        select(line.c.term_days).where(line.c.customer_id == customer_id).order_by(line.c.effective_from.desc(), line.c.id.desc())
    )
    return await session.scalar(newest.limit(1))
