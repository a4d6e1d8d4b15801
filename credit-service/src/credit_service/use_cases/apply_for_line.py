"""Line applications through the approval chain of art. 10 (授信审批程序, CR-46…CR-49, CR-53, CR-54)."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.credit import LineApproved, LineRejected, LineRequested
from shared.contracts.credit_account import ViolationRecorded
from shared.messaging.outbox import publish
from shared.records.approvals import record_step
from shared.records.audit import write_audit
from shared.records.notices import notify
from shared.records.numbering import next_number
from shared.records.people import people_with_role
from shared.records.timers import plan_timer, void_timers
from shared.records.work import Work
from shared.values.calendar import BUSINESS_ZONE
from shared.values.errors import Conflict, Forbidden, Invalid, Missing, Refused
from shared.values.ids import new_id
from sqlalchemy import Row, insert, select, update

from credit_service.domain.application import (
    NEEDS_LINE,
    STEP_OF,
    Kind,
    Transition,
    approver_of,
    check_content,
    check_effective_from,
    may_approve,
    step,
)
from credit_service.domain.policy import POLICY
from credit_service.storage.accounts import lock_account_of
from credit_service.storage.customers import customer_of
from credit_service.storage.tables.file import contract
from credit_service.storage.tables.lines import APPLICATION, application, line
from credit_service.storage.tables.records import violation
from credit_service.use_cases.put_line_in_force import put_line_in_force

LAPSES_AFTER = timedelta(days=30)
LAPSE = "application.lapse"
IN_FORCE = "application.in_force"


@dataclass(frozen=True, slots=True)
class NewApplication:
    """What the market department proposes (提出授信的额度以及时间方案)."""

    customer_id: UUID
    kind: Kind
    limit_fen: int
    term_days: int
    valid_until: date
    contract_id: UUID
    effective_from: date | None = None


async def draft_application(work: Work, new: NewApplication) -> Row[Any]:
    """Errors: 404; 409 `RATING_MISSING`, `NO_LIVE_LINE`; 422 `CONTRACT_NOT_EFFECTIVE` (CR-17), `CONSUMER_HAS_NO_LINE`, and
    those of the content."""
    customer = await customer_of(work, new.customer_id)
    await _check(work, customer, new)
    values = {name: getattr(new, name) for name in NewApplication.__slots__} | {
        "id": new_id(),
        "number": await next_number(work.session, "LA", work.day, yearly=True),
        "event_key": str(new.customer_id),
        "state": "DRAFT",
        "content_sha256": _content(new),
        "proposer_id": work.actor.id,
        "created_at": work.now,
    }
    row = (await work.session.execute(insert(application).values(values).returning(application))).one()
    await write_audit(work, "application", row.id, "draft", after={"kind": row.kind, "limit_fen": row.limit_fen})
    return row


async def submit(work: Work, application_id: UUID) -> Row[Any]:
    """From now on the content is fixed. Errors: 404; 409 `ILLEGAL_ACTION`."""
    row = await lock_application(work, application_id)
    move = step(row.kind, row.state, "submit")
    await _approve_step(work, row, move, "proposed", "")
    fact = LineRequested(**await _about(work, row), kind=row.kind, limit_fen=row.limit_fen, term_days=row.term_days)
    await publish(work, APPLICATION, row.id, fact)
    await plan_timer(work.session, LAPSE, row.id, 1, work.now + LAPSES_AFTER)
    return await _move(work, row, move, submitted_at=work.now)


async def review_sales(work: Work, application_id: UUID, comment: str) -> Row[Any]:
    """The sales vice president (销售副总); for BELOW_GRADE his word is the last one (CR-49), and finance gets a notice."""
    row = await lock_application(work, application_id)
    move = step(row.kind, row.state, "review-sales")
    await _approve_step(work, row, move, "agreed", comment)
    if move.target != "APPROVED":
        return await _move(work, row, move)
    approved = await _approved(work, row, move)
    for person_id in await people_with_role(work.session, "finance_head"):
        await notify(work, person_id, "line_below_grade", row.number, "a line below grade 4 was approved")
    return approved


async def review_finance(work: Work, application_id: UUID, comment: str, opinion: dict[str, Any]) -> Row[Any]:
    """The finance head with an opinion on funds, profit and assets (资金意见, CR-51)."""
    row = await lock_application(work, application_id)
    move = step(row.kind, row.state, "review-finance")
    await _approve_step(work, row, move, "agreed", comment)
    return await _move(work, row, move, funds_opinion=opinion)


async def approve(work: Work, application_id: UUID, comment: str) -> Row[Any] | Refused:
    """The last word by amount and term (CR-47, CR-48). Beyond one's authority: 403, which leaves a trace (CR-63)."""
    row = await lock_application(work, application_id)
    move = step(row.kind, row.state, "approve")
    roles = work.grant.roles if work.grant else frozenset[str]()
    if not may_approve(roles, row.limit_fen, row.term_days, POLICY):
        return await _refuse_beyond_authority(work, row)
    await _approve_step(work, row, move, "approved", comment)
    return await _approved(work, row, move)


async def reject(work: Work, application_id: UUID, reason: str) -> Row[Any]:
    """Whoever decides next may end it, with a reason. Errors: 403 `PERMISSION_MISSING`; 409 `ILLEGAL_ACTION`."""
    row = await lock_application(work, application_id)
    move = step(row.kind, row.state, "reject")
    work.actor.require(move.permission, work.now)
    taken = {"SUBMITTED": 1, "SALES_VP": 2, "FINANCE": 3}[row.state]
    await record_step(work, _subject(row), taken, "rejected", comment=reason, content_sha256=row.content_sha256)
    await void_timers(work.session, LAPSE, row.id)
    await publish(work, APPLICATION, row.id, LineRejected(**await _about(work, row), step=row.state, reason=reason))
    await write_audit(work, "application", row.id, "reject", reason=reason)
    return await _move(work, row, move)


async def withdraw(work: Work, application_id: UUID) -> Row[Any]:
    """Only by its proposer. Errors: 403 `NOT_PROPOSER`; 409 `ILLEGAL_ACTION`."""
    row = await lock_application(work, application_id)
    move = step(row.kind, row.state, "withdraw")
    if row.proposer_id != work.actor.id:
        raise Forbidden("NOT_PROPOSER", "only its proposer withdraws an application")
    await void_timers(work.session, LAPSE, row.id)
    return await _move(work, row, move)


async def lapse(work: Work, application_id: UUID) -> None:
    """Untouched for 30 days after it was submitted: LAPSED (CR-54)."""
    row = (await work.session.execute(select(application).where(application.c.id == application_id).with_for_update())).first()
    if row is not None and row.state == "SUBMITTED":
        await _move(work, row, Transition("SUBMITTED", "withdraw", "", "LAPSED"))


async def put_in_force(work: Work, application_id: UUID) -> None:
    """The day has come on which an approved line counts (CR-54)."""
    row = (await work.session.execute(select(application).where(application.c.id == application_id).with_for_update())).first()
    if row is not None and row.state == "APPROVED":
        await put_line_in_force(work, row)
        await _move(work, row, Transition("APPROVED", "approve", "", "EFFECTIVE"))


async def application_of(work: Work, application_id: UUID) -> Row[Any]:
    """One application of a customer in scope. Errors: 404."""
    row = (await work.session.execute(select(application).where(application.c.id == application_id))).first()
    if row is None:
        raise Missing
    await customer_of(work, row.customer_id)
    return row


async def lock_application(work: Work, application_id: UUID) -> Row[Any]:
    """The same, locked: of two deciders one waits for the other."""
    await application_of(work, application_id)
    return (await work.session.execute(select(application).where(application.c.id == application_id).with_for_update())).one()


async def _check(work: Work, customer: Row[Any], new: NewApplication) -> None:
    if customer.type == "consumer":
        raise Invalid("CONSUMER_HAS_NO_LINE", "consumers cannot apply for a credit line (CR-06)")
    mine = select(contract).where(contract.c.id == new.contract_id, contract.c.customer_id == new.customer_id)
    signed = (await work.session.execute(mine)).first()
    if signed is None or signed.state != "EFFECTIVE" or signed.valid_until < work.day:
        raise Invalid("CONTRACT_NOT_EFFECTIVE", "a line rests on an effective contract with the customer")
    check_content(new.kind, new.limit_fen, new.valid_until, work.day, POLICY)
    if new.kind == "NEW":
        raise Conflict("RATING_MISSING", "the customer has no rating in force: the kind is UNRATED")
    live = select(line.c.id).where(line.c.customer_id == new.customer_id, line.c.state != "CLOSED")
    if new.kind in NEEDS_LINE and await work.session.scalar(live.limit(1)) is None:
        raise Conflict("NO_LIVE_LINE", f"{new.kind} changes a line that the customer does not have")
    if new.kind == "INCREASE":
        await _refuse_with_overdue(work, new.customer_id)


async def _refuse_with_overdue(work: Work, customer_id: UUID) -> None:
    account = await lock_account_of(work, customer_id)
    oldest = account.state.oldest_due_on
    if oldest is not None and oldest < work.day:
        raise Conflict("OVERDUE_BLOCKS_INCREASE", "money is past due (CR-52)", oldest_due_on=oldest)


async def _approved(work: Work, row: Row[Any], move: Transition) -> Row[Any]:
    effective_from = row.effective_from or work.day
    check_effective_from(effective_from, work.day)
    fact = LineApproved(
        **await _about(work, row),
        limit_fen=row.limit_fen,
        term_days=row.term_days,
        approver_id=work.actor.id,
        approved_at=work.now,
    )
    await publish(work, APPLICATION, row.id, fact)
    await void_timers(work.session, LAPSE, row.id)
    moved = await _move(work, row, move, approved_at=work.now, effective_from=effective_from)
    if effective_from > work.day:
        due_at = datetime.combine(effective_from, datetime.min.time(), BUSINESS_ZONE)
        await plan_timer(work.session, IN_FORCE, row.id, 1, due_at)
        return moved
    await put_line_in_force(work, moved)
    return await _move(work, moved, Transition("APPROVED", "approve", "", "EFFECTIVE"))


async def _approve_step(work: Work, row: Row[Any], move: Transition, decision: str, comment: str) -> None:
    number = STEP_OF[move.action]
    await record_step(work, _subject(row), number, decision, comment=comment, content_sha256=row.content_sha256)
    await write_audit(work, "application", row.id, move.action, after={"state": move.target})


async def _refuse_beyond_authority(work: Work, row: Row[Any]) -> Refused:
    account = await lock_account_of(work, row.customer_id)
    values = {"id": new_id(), "customer_id": row.customer_id, "kind": "BEYOND_AUTHORITY", "person_id": work.actor.id}
    await work.session.execute(insert(violation).values(amount_fen=row.limit_fen, subject=row.number, at=work.now, **values))
    account.fact(ViolationRecorded, kind="BEYOND_AUTHORITY", person_id=work.actor.id, amount_fen=row.limit_fen)
    await account.announce()
    await write_audit(work, "application", row.id, "approve_refused", reason="beyond authority")
    needed = approver_of(row.limit_fen, row.term_days, POLICY)
    return Refused(Forbidden("BEYOND_AUTHORITY", f"this needs the {needed} (越权审批)", needed=needed))


async def _move(work: Work, row: Row[Any], move: Transition, **values: Any) -> Row[Any]:
    changed = update(application).where(application.c.id == row.id)
    changed = changed.values(state=move.target, version=application.c.version + 1, **values)
    return (await work.session.execute(changed.returning(application))).one()


async def _about(work: Work, row: Row[Any]) -> dict[str, Any]:
    customer = await customer_of(work, row.customer_id)
    return {"org_unit_id": customer.org_unit_id, "customer_id": row.customer_id, "application_id": row.id}


def _subject(row: Row[Any]) -> str:
    return f"application/{row.id}"


def _content(new: NewApplication) -> bytes:
    content = {name: str(getattr(new, name)) for name in NewApplication.__slots__}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()
