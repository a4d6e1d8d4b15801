"""A number that reaches somebody else leaves the call list; a person who refused is not contacted again (CL-27)."""

from uuid import UUID

from shared.contracts.collection import ContactPointInvalidated
from shared.messaging.outbox import publish
from shared.messaging.streams import Stream
from shared.records.work import Work
from sqlalchemy import update

from collection_service.storage.tables.copies import contact_point, person

CONTACT_POINT = Stream("contact_point", contact_point)


async def invalidate_point(work: Work, org_unit_id: UUID, customer_id: UUID, contact_point_id: UUID) -> None:
    """Mark the point as invalid and tell everybody."""
    changed = update(contact_point).where(contact_point.c.id == contact_point_id).values(invalid_at=work.now)
    row = (await work.session.execute(changed.returning(contact_point))).one()
    fact = ContactPointInvalidated(
        org_unit_id=org_unit_id,
        customer_id=customer_id,
        contact_point_id=row.id,
        person_id=row.person_id,
        kind=row.kind,
    )
    await publish(work, CONTACT_POINT, row.id, fact)


async def remember_refusal(work: Work, person_id: UUID) -> None:
    """From then on `THIRD_PARTY_REFUSED`, if the person is not the debtor himself."""
    third = (person.c.id == person_id) & person.c.role.not_in(["SELF", "FINANCE", "LEGAL_REP", "BUYER"])
    await work.session.execute(update(person).where(third).values(refused_at=work.now))
