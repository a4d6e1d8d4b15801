"""Find the override that an order names, and spend it in the transaction of the hold."""

from dataclasses import dataclass
from uuid import UUID

from shared.records.work import Work
from shared.values.errors import Conflict, Invalid
from sqlalchemy import select, update

from credit_service.domain.order_check import NO_EXEMPTION, Exemption
from credit_service.storage.tables.orders import override


@dataclass(frozen=True, slots=True)
class Granted:
    """What the order may skip, and by which override."""

    override_id: UUID | None = None
    exemption: Exemption = NO_EXEMPTION


async def find_override(work: Work, customer_id: UUID, order_ref: str, override_id: UUID | None) -> Granted:
    """Errors: 422 `OVERRIDE_INVALID` unless it is this order's; 409 `OVERRIDE_USED` unless approved, unspent and in time."""
    if override_id is None:
        return Granted()
    mine = (override.c.id == override_id) & (override.c.customer_id == customer_id) & (override.c.order_ref == order_ref)
    row = (await work.session.execute(select(override).where(mine))).first()
    if row is None:
        raise Invalid("OVERRIDE_INVALID", "no override of this order")
    if row.state != "APPROVED" or row.expires_at <= work.now:
        raise Conflict("OVERRIDE_USED", f"the override is {row.state.lower()}", state=row.state)
    return Granted(override_id, Exemption(frozenset(row.codes), row.excess_fen))


async def exemption_of(work: Work, override_id: UUID | None) -> Exemption:
    """What the override that a hold has spent still lets its shipments skip."""
    if override_id is None:
        return NO_EXEMPTION
    row = (await work.session.execute(select(override).where(override.c.id == override_id))).one()
    return Exemption(frozenset(row.codes), 0)


async def spend_override(work: Work, granted: Granted, decision_id: UUID) -> None:
    """Used once. Errors: 409 `OVERRIDE_USED` for the second use."""
    if granted.override_id is None:
        return
    live = (override.c.id == granted.override_id) & (override.c.state == "APPROVED") & (override.c.expires_at > work.now)
    spent = update(override).where(live).values(state="USED", decision_id=decision_id).returning(override.c.id)
    if (await work.session.execute(spent)).first() is None:
        raise Conflict("OVERRIDE_USED", "the override was used or has expired")
