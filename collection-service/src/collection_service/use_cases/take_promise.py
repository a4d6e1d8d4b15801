"""Record and cancel promises to pay (付款承诺, CL-30)."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts.collection import PromiseCancelled, PromiseMade
from shared.records.audit import write_audit
from shared.records.work import Work
from shared.values.calendar import china_calendar
from shared.values.errors import Conflict, Missing
from shared.values.ids import new_id
from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError

from collection_service.domain.case import step
from collection_service.domain.policy import POLICY
from collection_service.domain.promise import check_new, deadline
from collection_service.storage.cases import add_promise, change_promise, lock_case, pauses_of
from collection_service.storage.copies import items_of
from collection_service.storage.tables.cases import promise

SUPERVISOR = "promise:cancel"
DISPUTES = {"COMPLAINT", "DISPUTE"}


@dataclass(frozen=True, slots=True)
class NewPromise:
    """What the debtor said; amount in fen."""

    amount_fen: int
    promised_on: date
    by_person_id: UUID | None = None
    method: str | None = None


async def take_promise(work: Work, case_id: UUID, new: NewPromise) -> Row[Any]:
    """One open promise per case, never over a dispute or complaint. Errors: 404; 403 `SUPERVISOR_NEEDED`; 409 `PROMISE_OPEN`,
    `DISPUTE_OPEN`, `ILLEGAL_ACTION`; 422."""
    case = await lock_case(work, case_id)
    if case.row.state == "PROMISED":
        raise Conflict("PROMISE_OPEN", "the case has an open promise")
    move = step(case.row.state, "promise")
    if any(row.kind in DISPUTES for row in await pauses_of(work.session, case_id)):
        raise Conflict("DISPUTE_OPEN", "no promise over a dispute or complaint")
    items = [item for item in await items_of(work.session, case.row.customer_id) if item.pursued_fen > 0]
    overdue = sum(item.pursued_fen for item in items)
    supervisor = work.actor.grant(SUPERVISOR, work.now) is not None
    check_new(new.amount_fen, new.promised_on, work.day, overdue, case.row.broken_promises, supervisor, POLICY)
    values = {
        "id": new_id(),
        "case_id": case_id,
        "customer_id": case.row.customer_id,
        "amount_fen": new.amount_fen,
        "promised_on": new.promised_on,
        "deadline_on": deadline(new.promised_on, china_calendar(), POLICY),
        "method": new.method,
        "by_person_id": new.by_person_id,
        "made_at": work.now,
        "receivable_ids": [item.receivable_id for item in items],
        "state": "OPEN",
        "taken_by": work.actor.id,
    }
    try:
        row = await add_promise(work.session, values)
    except IntegrityError as error:
        raise Conflict("PROMISE_OPEN", "the case has an open promise") from error
    await case.change(state=move.target)
    case.fact(
        PromiseMade,
        promise_id=row.id,
        amount_fen=row.amount_fen,
        promised_on=row.promised_on,
        deadline_on=row.deadline_on,
    )
    await case.announce()
    return row


async def cancel_promise(work: Work, promise_id: UUID, reason: str) -> Row[Any]:
    """By a supervisor, with a reason. Errors: 404; 409 `PROMISE_DECIDED`."""
    known = (await work.session.execute(select(promise).where(promise.c.id == promise_id))).first()
    if known is None:
        raise Missing
    case = await lock_case(work, known.case_id)
    row = (await work.session.execute(select(promise).where(promise.c.id == promise_id).with_for_update())).one()
    if row.state != "OPEN":
        raise Conflict("PROMISE_DECIDED", "the promise is decided", state=row.state)
    changed = await change_promise(work.session, promise_id, state="CANCELLED")
    if case.row.state == "PROMISED":
        await case.change(state=step("PROMISED", "cancel-promise").target)
    case.fact(PromiseCancelled, promise_id=promise_id, reason=reason)
    await write_audit(work, "promise", promise_id, "cancel", reason=reason)
    await case.announce()
    return changed
