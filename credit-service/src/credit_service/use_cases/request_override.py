"""Overrides (例外放行): asked for one order, decided by another person, used once (spec section 3.4)."""

import hashlib
from typing import Any
from uuid import UUID

from shared.records.approvals import record_step
from shared.records.audit import write_audit
from shared.records.work import Work
from shared.values.errors import Conflict, Forbidden, Missing
from shared.values.ids import new_id
from sqlalchemy import Row, insert, select, update

from credit_service.domain.order_check import override_approver
from credit_service.domain.policy import POLICY
from credit_service.storage.accounts import bill_to
from credit_service.storage.tables.orders import override


async def request_override(
    work: Work, customer_id: UUID, order_ref: str, codes: list[str], excess_fen: int, reason: str
) -> Row[Any]:
    """Errors: 404 outside the caller's scope."""
    party = await bill_to(work, customer_id)
    values = {
        "id": new_id(),
        "customer_id": party.customer_id,
        "order_ref": order_ref,
        "codes": sorted(set(codes)),
        "excess_fen": excess_fen,
        "reason": reason,
        "requested_by": work.actor.id,
        "state": "REQUESTED",
        "expires_at": work.now + POLICY.override_life,
    }
    row = (await work.session.execute(insert(override).values(values).returning(override))).one()
    await record_step(work, _subject(row), 0, "requested", comment=reason, content_sha256=_content(row))
    await write_audit(work, "override", row.id, "request", after={"codes": row.codes, "excess_fen": excess_fen}, reason=reason)
    return row


async def decide_override(work: Work, override_id: UUID, *, approved: bool, comment: str) -> Row[Any]:
    """Errors: 404; 403 `SELF_APPROVAL`, `BEYOND_AUTHORITY`; 409 `OVERRIDE_DECIDED`."""
    row = (await work.session.execute(select(override).where(override.c.id == override_id).with_for_update())).first()
    if row is None:
        raise Missing
    await bill_to(work, row.customer_id)
    if row.state != "REQUESTED" or row.expires_at <= work.now:
        raise Conflict("OVERRIDE_DECIDED", "the request is decided or has expired", state=row.state)
    needed = override_approver(row.excess_fen, row.codes, POLICY)
    roles = work.grant.roles if work.grant else frozenset[str]()
    if not {needed, "general_manager"} & roles:
        raise Forbidden("BEYOND_AUTHORITY", f"this needs the {needed}", needed=needed)
    await record_step(work, _subject(row), 1, "approved" if approved else "rejected", comment=comment, content_sha256=_content(row))
    state = "APPROVED" if approved else "REJECTED"
    await write_audit(work, "override", row.id, state.lower(), reason=comment)
    changed = update(override).where(override.c.id == override_id).values(state=state).returning(override)
    return (await work.session.execute(changed)).one()


def _subject(row: Row[Any]) -> str:
    return f"override/{row.id}"


def _content(row: Row[Any]) -> bytes:
    return hashlib.sha256(f"{row.customer_id}|{row.order_ref}|{row.codes}|{row.excess_fen}".encode()).digest()
