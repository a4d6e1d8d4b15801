"""Open a customer file (建档, CR-01, CR-05): its own data key, its own account, one number."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.contracts.credit import CustomerCreated, CustomerUpdated
from shared.messaging.outbox import publish_key
from shared.records.audit import write_audit
from shared.records.numbering import next_number
from shared.records.sealing import KeyRing, make_customer_key, seal_of
from shared.records.versions import check_version
from shared.records.work import Work
from shared.values.errors import Conflict, Invalid
from shared.values.ids import new_id
from sqlalchemy import Row

from credit_service.storage.accounts import open_account
from credit_service.storage.customers import PERSONAL, add_customer, change_customer, customer_of, find_same
from credit_service.use_cases.publish_customer import publish_customer

PLAIN = ("type", "legal_form", "category", "uscc", "size", "business_type", "account_manager_id", "key_account", "profile")
DIGITS = str.maketrans("", "", " -()+")


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """Block A as far as it is mandatory, and what the gates need."""

    name: str
    phone: str
    address: str
    category: str
    type: str
    legal_form: str
    uscc: str | None = None
    size: str | None = None
    business_type: str = "B"
    owner_id: UUID | None = None
    org_unit_id: UUID | None = None
    account_manager_id: UUID | None = None
    key_account: bool = False
    profile: dict[str, Any] = field(default_factory=dict)


async def register_customer(work: Work, ring: KeyRing, new: NewCustomer) -> Row[Any]:
    """Errors: 409 `CUSTOMER_EXISTS {customer_id}`; 422 `ORG_UNIT_MISSING`, `KEY_ACCOUNT_NEEDS_MANAGER` (CR-13)."""
    unit = _checked_unit(work, new)
    indexes = {"name_index": _name_index(ring, new.name), "phone_index": _phone_index(ring, new.phone)}
    known = await find_same(work.session, new.uscc, indexes["name_index"], indexes["phone_index"])
    if known is not None:
        raise Conflict("CUSTOMER_EXISTS", "same licence number, or same name and phone", customer_id=known)
    customer_id = new_id()
    wrapped = await make_customer_key(work.session, ring, customer_id)
    seal = await seal_of(work.session, ring, customer_id)
    sealed = {name: seal.seal(getattr(new, name)) for name in PERSONAL}
    row = await add_customer(work.session, indexes | sealed | await _values(work, customer_id, unit, new))
    await open_account(work.session, customer_id)
    await publish_key(work, customer_id, wrapped)
    await publish_customer(work, row, CustomerCreated)
    await write_audit(work, "customer", customer_id, "register", after={"number": row.number, "type": row.type})
    return row


def _checked_unit(work: Work, new: NewCustomer) -> UUID:
    if new.key_account and new.account_manager_id is None:
        raise Invalid("KEY_ACCOUNT_NEEDS_MANAGER", "a key account has a named manager")
    unit = new.org_unit_id or work.actor.org_unit_id
    if unit is None:
        raise Invalid("ORG_UNIT_MISSING", "name the org unit: the caller has none")
    return unit


async def _values(work: Work, customer_id: UUID, unit: UUID, new: NewCustomer) -> dict[str, Any]:
    made = {
        "id": customer_id,
        "number": await next_number(work.session, "K"),
        "event_key": str(customer_id),
        "org_unit_id": unit,
        "owner_id": new.owner_id or work.actor.id,
        "status": "active",
        "bill_to_id": customer_id,
        "created_at": work.now,
    }
    return made | {name: getattr(new, name) for name in PLAIN}


async def change_file(work: Work, ring: KeyRing, customer_id: UUID, version: int, changes: dict[str, Any]) -> Row[Any]:
    """Change what is given. Errors: 404; 409 `CUSTOMER_EXISTS`; 412 `VERSION_STALE`."""
    row = await customer_of(work, customer_id, lock=True)
    check_version(row.version, version)
    seal = await seal_of(work.session, ring, customer_id)
    values = {name: seal.seal(value) if name in PERSONAL else value for name, value in changes.items()}
    if "name" in changes:
        values["name_index"] = _name_index(ring, changes["name"])
    if "phone" in changes:
        values["phone_index"] = _phone_index(ring, changes["phone"])
    changed = await change_customer(work.session, customer_id, values)
    await publish_customer(work, changed, CustomerUpdated, changed=sorted(changes))
    await write_audit(work, "customer", customer_id, "change", after={"changed": sorted(changes)})
    return changed


def _name_index(ring: KeyRing, name: str) -> bytes:
    return ring.blind_index("name", "".join(name.split()).casefold())


def _phone_index(ring: KeyRing, phone: str) -> bytes:
    return ring.blind_index("phone", phone.translate(DIGITS))
