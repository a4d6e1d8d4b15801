"""Contact persons (联系人) and their contact points, published with the customer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.credit import CustomerUpdated
from shared.records.audit import write_audit
from shared.records.sealing import CustomerSeal, KeyRing, seal_of
from shared.records.versions import check_version
from shared.records.work import Work
from shared.values.ids import new_id
from sqlalchemy import Row

from credit_service.storage.customers import add_person, change_person, customer_of, person_of
from credit_service.use_cases.publish_customer import publish_customer


@dataclass(frozen=True, slots=True)
class NewPoint:
    """One number or address; `verified` by whoever enters it, with its source."""

    kind: str
    value: str
    source: str
    verified: bool = False


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A human being whom we may talk to for the customer."""

    customer_id: UUID
    role: str
    name: str
    language: str
    preferred_channel: str | None
    contact_points: tuple[NewPoint, ...]


async def register_person(work: Work, ring: KeyRing, new: NewPerson) -> Row[Any]:
    """Errors: 404 when the customer lies outside the caller's scope."""
    customer = await customer_of(work, new.customer_id, lock=True)
    seal = await seal_of(work.session, ring, customer.id)
    values = {
        "id": new_id(),
        "customer_id": customer.id,
        "role": new.role,
        "name": seal.seal(new.name),
        "language": new.language,
        "preferred_channel": new.preferred_channel,
        "contact_points": [_point(seal, point, work.now) for point in new.contact_points],
        "created_at": work.now,
    }
    row = await add_person(work.session, values)
    await publish_customer(work, customer, CustomerUpdated, changed=["persons"])
    await write_audit(work, "contact_person", row.id, "register", after={"role": new.role})
    return row


async def change_person_file(
    work: Work,
    ring: KeyRing,
    person_id: UUID,
    version: int,
    changes: dict[str, Any],
    points: tuple[NewPoint, ...] | None,
) -> Row[Any]:
    """Change what is given; contact points are replaced as a whole. Errors: 404; 412 `VERSION_STALE`."""
    person = await person_of(work.session, person_id)
    customer = await customer_of(work, person.customer_id, lock=True)
    person = await person_of(work.session, person_id, lock=True)
    check_version(person.version, version)
    seal = await seal_of(work.session, ring, customer.id)
    values = {name: seal.seal(value) if name == "name" else value for name, value in changes.items()}
    if points is not None:
        values["contact_points"] = [_point(seal, point, work.now) for point in points]
    row = await change_person(work.session, person_id, values)
    await publish_customer(work, customer, CustomerUpdated, changed=["persons"])
    await write_audit(work, "contact_person", person_id, "change", after={"changed": sorted(values)})
    return row


def _point(seal: CustomerSeal, point: NewPoint, now: datetime) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "kind": point.kind,
        "value": seal.seal(point.value),
        "verified_at": now.isoformat() if point.verified else None,
        "source": point.source,
    }
