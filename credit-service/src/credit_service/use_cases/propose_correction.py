"""Reversal and refund: one person proposes, another confirms (G-08)."""

import hashlib
from typing import Any, Literal
from uuid import UUID

from shared.records.approvals import record_step
from shared.records.audit import write_audit
from shared.records.work import Work
from shared.values.errors import Conflict, Missing
from shared.values.ids import new_id
from sqlalchemy import Row, insert, select, update

from credit_service.storage.accounts import lock_account_of
from credit_service.storage.payments import payment_of
from credit_service.storage.tables.records import proposal
from credit_service.use_cases.refund_payment import refund_payment
from credit_service.use_cases.reverse_payment import reverse_payment

Kind = Literal["reversal", "dishonour", "refund"]


async def propose_correction(work: Work, payment_id: UUID, kind: Kind, amount_fen: int, reason: str) -> Row[Any]:
    """Errors: 404; 409 `PAYMENT_REVERSED`, `PAYMENT_UNMATCHED`, `CORRECTION_PENDING`."""
    payment = await _lock_payment(work, payment_id)
    pending = select(proposal.c.id).where(proposal.c.payment_id == payment_id, proposal.c.state == "PROPOSED")
    if await work.session.scalar(pending.limit(1)):
        raise Conflict("CORRECTION_PENDING", "a correction of this payment waits for its second person")
    values = {
        "id": new_id(),
        "customer_id": payment.customer_id,
        "payment_id": payment_id,
        "kind": kind,
        "amount_fen": amount_fen if kind == "refund" else payment.amount_fen,
        "reason": reason,
        "proposed_by": work.actor.id,
        "at": work.now,
        "state": "PROPOSED",
    }
    row = (await work.session.execute(insert(proposal).values(values).returning(proposal))).one()
    await record_step(work, _subject(row), 0, "proposed", comment=reason, content_sha256=_content(row))
    await write_audit(work, "payment", payment_id, f"propose_{kind}", after={"amount_fen": row.amount_fen}, reason=reason)
    return row


async def confirm_correction(work: Work, payment_id: UUID, comment: str) -> Row[Any]:
    """Carry it out. Errors: 404; 403 `SELF_APPROVAL`; 409 `NO_CORRECTION`, and what the refund refuses."""
    payment = await _lock_payment(work, payment_id)
    pending = select(proposal).where(proposal.c.payment_id == payment_id, proposal.c.state == "PROPOSED").with_for_update()
    row = (await work.session.execute(pending)).first()
    if row is None:
        raise Conflict("NO_CORRECTION", "nothing waits for a second person")
    await record_step(work, _subject(row), 1, "confirmed", comment=comment, content_sha256=_content(row))
    account = await lock_account_of(work, payment.customer_id)
    if row.kind == "refund":
        await refund_payment(account, payment, row.amount_fen)
    else:
        cause = "bill_dishonoured" if row.kind == "dishonour" else "reversal"
        await reverse_payment(account, payment, row.reason, cause)
    await work.session.execute(update(proposal).where(proposal.c.id == row.id).values(state="CONFIRMED"))
    await write_audit(work, "payment", payment_id, row.kind, after={"amount_fen": row.amount_fen}, reason=row.reason)
    changed = await payment_of(work.session, payment_id)
    assert changed is not None
    return changed


async def _lock_payment(work: Work, payment_id: UUID) -> Row[Any]:
    """The payment as it is under its account's lock."""
    known = await payment_of(work.session, payment_id)
    if known is None:
        raise Missing
    if known.customer_id is None:
        raise Conflict("PAYMENT_UNMATCHED", "the payment has no customer yet")
    await lock_account_of(work, known.customer_id)
    payment = await payment_of(work.session, payment_id)
    assert payment is not None
    if payment.state == "REVERSED":
        raise Conflict("PAYMENT_REVERSED", "the payment is reversed already")
    return payment


def _subject(row: Row[Any]) -> str:
    return f"correction/{row.id}"


def _content(row: Row[Any]) -> bytes:
    return hashlib.sha256(f"{row.kind}|{row.payment_id}|{row.amount_fen}|{row.reason}".encode()).digest()
