"""Announce a customer's full current block (CR-01, CR-06)."""

from typing import Any, TypeVar
from uuid import UUID

from shared.contracts.credit import ContactPersonBlock, ContactPointBlock, CustomerBlock
from shared.messaging.outbox import publish
from shared.records.work import Work
from sqlalchemy import Row

from credit_service.storage.customers import persons_of
from credit_service.storage.tables.file import CUSTOMER

Block = TypeVar("Block", bound=CustomerBlock)


async def publish_customer(work: Work, row: Row[Any], model: type[Block], **more: Any) -> None:
    """Created or updated: always the whole block, personal values sealed as they are stored."""
    persons = [_person(person) for person in await persons_of(work.session, row.id)]
    block = model(
        org_unit_id=row.org_unit_id,
        customer_id=row.id,
        number=row.number,
        name=row.name,
        legal_form=row.legal_form,
        customer_type=row.type,
        status=row.status,
        customer_class=row.customer_class,
        service_level=None,
        key_account=row.key_account,
        account_manager_id=row.account_manager_id,
        owner_id=row.owner_id,
        bill_to_id=row.bill_to_id,
        persons=persons[:200],
        **more,
    )
    await publish(work, CUSTOMER, row.id, block, owner_id=row.owner_id)


def _person(row: Row[Any]) -> ContactPersonBlock:
    return ContactPersonBlock(
        person_id=row.id,
        role=row.role,
        name=row.name,
        contact_points=[_point(point) for point in row.contact_points],
        language=row.language,
        birthday=None,
        preferred_channel=row.preferred_channel,
        opted_out=row.opted_out,
    )


def _point(point: dict[str, Any]) -> ContactPointBlock:
    return ContactPointBlock(
        contact_point_id=UUID(point["id"]),
        kind=point["kind"],
        value=point["value"],
        verified_at=point["verified_at"],
        source=point["source"],
    )
