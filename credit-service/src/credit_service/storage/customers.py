"""The customer file: sealed values as they are, opened for whoever may read them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.records.scope import visible
from shared.records.work import Work
from shared.values.errors import Missing
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from credit_service.storage.tables.file import contact_person, customer

PERSONAL = ("name", "phone", "address")


async def customer_of(work: Work, customer_id: UUID, *, lock: bool = False) -> Row[Any]:
    """One customer inside the caller's scope. Errors: 404."""
    mine = select(customer).where(customer.c.id == customer_id, in_scope(work))
    row = (await work.session.execute(mine.with_for_update() if lock else mine)).first()
    if row is None:
        raise Missing
    return row


def in_scope(work: Work) -> Any:
    """The customers that the caller may see."""
    return visible(work, customer.c.owner_id, customer.c.org_unit_id)


async def find_same(session: AsyncSession, uscc: str | None, name_index: bytes, phone_index: bytes) -> UUID | None:
    """A file with the same licence number, or with the same name and phone (独立建档, CR-05)."""
    same = (customer.c.name_index == name_index) & (customer.c.phone_index == phone_index)
    if uscc:
        same |= customer.c.uscc == uscc
    return await session.scalar(select(customer.c.id).where(same).limit(1))


async def add_customer(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Store a new file. Errors: `IntegrityError` when another one was faster with the same customer."""
    return (await session.execute(insert(customer).values(values).returning(customer))).one()


async def change_customer(session: AsyncSession, customer_id: UUID, values: dict[str, Any]) -> Row[Any]:
    """Store changes; the version goes up by one."""
    changed = update(customer).where(customer.c.id == customer_id).values(version=customer.c.version + 1, **values)
    return (await session.execute(changed.returning(customer))).one()


async def persons_of(session: AsyncSession, customer_id: UUID) -> Sequence[Row[Any]]:
    """The contact persons of a customer, in the order in which they were entered."""
    mine = select(contact_person).where(contact_person.c.customer_id == customer_id)
    return (await session.execute(mine.order_by(contact_person.c.id))).all()


async def person_of(session: AsyncSession, person_id: UUID, *, lock: bool = False) -> Row[Any]:
    """One contact person. Errors: 404."""
    one = select(contact_person).where(contact_person.c.id == person_id)
    row = (await session.execute(one.with_for_update() if lock else one)).first()
    if row is None:
        raise Missing
    return row


async def add_person(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Store a new contact person."""
    return (await session.execute(insert(contact_person).values(values).returning(contact_person))).one()


async def change_person(session: AsyncSession, person_id: UUID, values: dict[str, Any]) -> Row[Any]:
    """Store changes; the version goes up by one."""
    changed = update(contact_person).where(contact_person.c.id == person_id)
    changed = changed.values(version=contact_person.c.version + 1, **values)
    return (await session.execute(changed.returning(contact_person))).one()
