"""Copies of people and org units, filled from the gateway's events, so that timers and notices know them without a token."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.gateway import OrgUnitChanged, UserChanged
from shared.records.tables import org_unit, person
from shared.records.work import Work


async def apply_user(work: Work, event: UserChanged) -> None:
    """Keep the person as the event says (the events of one user come in order)."""
    row = {
        "id": event.user_id,
        "display_name": event.display_name,
        "roles": list(event.roles),
        "org_unit_id": event.org_unit_id,
        "superior_id": event.superior_id,
        "active": event.active,
    }
    await work.session.execute(insert(person).values(row).on_conflict_do_update(index_elements=["id"], set_=row))


async def apply_unit(work: Work, event: OrgUnitChanged) -> None:
    """Keep the org unit as the event says; its parent may arrive later."""
    row = {
        "id": event.org_unit_id,
        "parent_id": event.parent_id,
        "type": event.unit_type,
        "name": event.name,
        "manager_id": event.manager_id,
    }
    await work.session.execute(insert(org_unit).values(row).on_conflict_do_update(index_elements=["id"], set_=row))


async def superior_of(session: AsyncSession, person_id: UUID) -> UUID | None:
    """The direct superior (直接上级) of a person, as far as known."""
    return await session.scalar(select(person.c.superior_id).where(person.c.id == person_id))


async def people_with_role(session: AsyncSession, role: str) -> Sequence[UUID]:
    """All active people who hold a role."""
    held = select(person.c.id).where(person.c.active, person.c.roles.any(role)).order_by(person.c.id)
    return (await session.scalars(held)).all()
