"""Copies of the ledger and the customer file; absolute values, so that an older event never overwrites a newer one."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts.credit import ContactPersonBlock, CustomerBlock
from shared.contracts.credit_account import PaymentApplied, ReceivableState
from shared.values.errors import Missing
from sqlalchemy import Row, case, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from collection_service.domain.promise import Allocated
from collection_service.domain.stage import Item
from collection_service.storage.tables.copies import allocation, contact_point, customer, item, partition_close, person


async def keep_customer(session: AsyncSession, event: CustomerBlock, partition: int) -> None:
    """The whole block as it is now; people and points that are no longer in it are no longer current."""
    row = {
        "id": event.customer_id,
        "number": event.number,
        "name": event.name,
        "legal_form": event.legal_form,
        "customer_class": event.customer_class,
        "key_account": event.key_account,
        "account_manager_id": event.account_manager_id,
        "org_unit_id": event.org_unit_id,
        "owner_id": event.owner_id,
        "partition": partition,
    }
    await session.execute(insert(customer).values(row).on_conflict_do_update(index_elements=["id"], set_=row))
    known = select(person.c.id).where(person.c.customer_id == event.customer_id)
    await session.execute(update(contact_point).where(contact_point.c.person_id.in_(known)).values(current=False))
    await session.execute(update(person).where(person.c.customer_id == event.customer_id).values(current=False))
    for block in event.persons:
        await _keep_person(session, event.customer_id, block)


async def _keep_person(session: AsyncSession, customer_id: UUID | None, block: ContactPersonBlock) -> None:
    row = {
        "id": block.person_id,
        "customer_id": customer_id,
        "role": block.role,
        "name": block.name,
        "language": block.language,
        "opted_out": block.opted_out,
        "zone": "Asia/Shanghai",
        "current": True,
    }
    await session.execute(insert(person).values(row).on_conflict_do_update(index_elements=["id"], set_=row))
    for point in block.contact_points:
        kept = {
            "id": point.contact_point_id,
            "person_id": block.person_id,
            "kind": point.kind,
            "value": point.value,
            "source": point.source,
            "verified_at": point.verified_at,
            "current": True,
        }
        new = insert(contact_point).values(event_key=str(customer_id), **kept)
        await session.execute(new.on_conflict_do_update(index_elements=["id"], set_=kept))


async def keep_item(session: AsyncSession, event: ReceivableState, seq: int, **marks: Any) -> None:
    """The absolute state of a receivable, unless a later event is known already; `marks` are kept once set."""
    values = {
        "customer_id": event.customer_id,
        "ref": event.ref,
        "kind": event.kind,
        "amount_fen": event.amount_fen,
        "open_fen": event.open_fen,
        "disputed_fen": event.disputed_fen,
        "shipped_on": event.shipped_on,
        "due_on": event.due_on,
        "seq": seq,
    }
    new = insert(item).values(receivable_id=event.receivable_id, **values, **marks)
    newer = new.excluded.seq > item.c.seq
    absolute = {name: case((newer, new.excluded[name]), else_=item.c[name]) for name in values}
    await session.execute(new.on_conflict_do_update(index_elements=["receivable_id"], set_=absolute | marks))


async def items_of(session: AsyncSession, customer_id: UUID) -> list[Item]:
    """The receivables of a customer that were announced as overdue."""
    mine = select(item).where(item.c.customer_id == customer_id, item.c.overdue_since.is_not(None))
    rows = await session.execute(mine.order_by(item.c.due_on, item.c.receivable_id))
    return [Item(row.receivable_id, row.open_fen, row.disputed_fen, row.due_on, row.six_months_old) for row in rows]


async def ledger_version(session: AsyncSession, customer_id: UUID) -> int:
    """The newest event that any of the customer's items has seen."""
    mine = select(item.c.seq).where(item.c.customer_id == customer_id).order_by(item.c.seq.desc()).limit(1)
    return await session.scalar(mine) or 0


async def keep_allocations(session: AsyncSession, event: PaymentApplied, event_id: UUID) -> None:
    """What of a payment went where."""
    rows = [
        {
            "event_id": event_id,
            "receivable_id": line.receivable_id,
            "payment_id": event.payment_id,
            "customer_id": event.customer_id,
            "amount_fen": line.amount_fen,
            "value_date": event.value_date,
            "posted_at": event.posted_at,
        }
        for line in event.allocations
    ]
    if rows:
        await session.execute(insert(allocation).values(rows).on_conflict_do_nothing())


async def reverse_allocations(session: AsyncSession, payment_id: UUID) -> None:
    """A payment was taken back as a whole."""
    await session.execute(update(allocation).where(allocation.c.payment_id == payment_id).values(reversed=True))


async def allocations_of(session: AsyncSession, customer_id: UUID) -> list[Allocated]:
    """All allocations of a customer's payments."""
    columns = (
        allocation.c.receivable_id,
        allocation.c.amount_fen,
        allocation.c.value_date,
        allocation.c.posted_at,
        allocation.c.reversed,
    )
    rows = await session.execute(select(*columns).where(allocation.c.customer_id == customer_id))
    return [Allocated(*row) for row in rows]


async def customer_of(session: AsyncSession, customer_id: UUID) -> Row[Any]:
    """The copy of a customer. Errors: 404 while his events have not arrived."""
    row = (await session.execute(select(customer).where(customer.c.id == customer_id))).first()
    if row is None:
        raise Missing
    return row


async def persons_of(session: AsyncSession, customer_id: UUID) -> Sequence[Row[Any]]:
    """The current contact persons."""
    mine = select(person).where(person.c.customer_id == customer_id, person.c.current).order_by(person.c.id)
    return (await session.execute(mine)).all()


async def points_of(session: AsyncSession, person_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The current contact points of people."""
    mine = select(contact_point).where(contact_point.c.person_id.in_(person_ids), contact_point.c.current)
    return (await session.execute(mine.order_by(contact_point.c.id))).all()


async def keep_marker(session: AsyncSession, partition: int, as_of: date) -> None:
    """credit-service has announced everything of that day in this partition."""
    row = {"partition": partition, "credit_closed_on": as_of}
    newer = insert(partition_close).values(row)
    newest = case((newer.excluded.credit_closed_on > partition_close.c.credit_closed_on, newer.excluded.credit_closed_on),
                  else_=partition_close.c.credit_closed_on)  # fmt: skip
    await session.execute(newer.on_conflict_do_update(index_elements=["partition"], set_={"credit_closed_on": newest}))


async def markers(session: AsyncSession) -> dict[int, tuple[date, date | None]]:
    """Per partition: how far credit-service has closed, and how far we have."""
    rows = await session.execute(select(partition_close))
    return {row.partition: (row.credit_closed_on, row.closed_on) for row in rows}


async def keep_closed(session: AsyncSession, partition: int, day: date) -> None:
    """We have closed that day for this partition's customers."""
    closed = update(partition_close).where(partition_close.c.partition == partition).values(closed_on=day)
    await session.execute(closed)


async def customers_in(session: AsyncSession, partition: int) -> Sequence[UUID]:
    """The customers whose events come in this partition."""
    return (await session.scalars(select(customer.c.id).where(customer.c.partition == partition))).all()
