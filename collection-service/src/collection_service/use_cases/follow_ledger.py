"""The ledger moved: open, update, close or reopen the customer's case (CL-21)."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts.collection import (
    CaseAssigned,
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseStageChanged,
    PromiseCancelled,
)
from shared.records.notices import notify
from shared.records.numbering import next_number
from shared.records.people import people_with_role
from shared.records.work import Work
from shared.values.errors import Missing
from shared.values.ids import derived_id
from sqlalchemy import Row

from collection_service.domain.case import step
from collection_service.domain.policy import POLICY
from collection_service.domain.stage import Item, dpd, risk_tier, stage_of
from collection_service.storage.cases import (
    LockedCase,
    add_case,
    change_promise,
    least_loaded,
    lock_last_case,
    pause_value,
    pauses_of,
    promises_of,
)
from collection_service.storage.copies import allocations_of, customer_of, items_of
from collection_service.use_cases.judge_promises import judge_promises


@dataclass(frozen=True, slots=True)
class Debtor:
    """Whose ledger moved."""

    customer_id: UUID
    org_unit_id: UUID


async def follow_ledger(work: Work, debtor: Debtor, day: date, *, at_close: bool = False) -> None:
    """Bring the customer's case in line with his items; `at_close` also judges promises and moves the stage."""
    items = await items_of(work.session, debtor.customer_id)
    open_items = [item for item in items if item.open_fen > 0]
    case = await lock_last_case(work, debtor.customer_id)
    if case is None or case.row.state == "CLOSED":
        case = await _open_or_reopen(work, debtor, case, open_items, day)
        if case is None:
            return
    await judge_promises(case, day, at_close=at_close)
    await _refresh(case, open_items, day, at_close=at_close)
    if not open_items:
        await _close(case)
    await case.announce()


async def _open_or_reopen(work: Work, debtor: Debtor, last: LockedCase | None, items: list[Item], day: date) -> LockedCase | None:
    if sum(item.open_fen for item in items) < POLICY.min_case_fen:
        return None
    case_id = derived_id(debtor.customer_id, str(items[0].receivable_id))
    if last is not None and (last.row.id == case_id or any(item.due_on < last.row.opened_on for item in items)):
        await last.change(state=step("CLOSED", "reopen").target, outcome=None, closed_at=None, next_action_at=work.now)
        last.fact(CaseReopened, cause="payment_reversed")
        return last
    return await _open(work, debtor, case_id, items, day)


async def _open(work: Work, debtor: Debtor, case_id: UUID, items: list[Item], day: date) -> LockedCase:
    stage = stage_of(items, day, "S0", POLICY)
    copy = await _copy(work, debtor.customer_id)
    amount = sum(item.open_fen for item in items)
    tier = risk_tier(stage, amount, copy.customer_class if copy else None, 0, POLICY)
    collector = await _collector(work, copy)
    values = {
        "id": case_id,
        "number": await next_number(work.session, "CC", day),
        "customer_id": debtor.customer_id,
        "org_unit_id": debtor.org_unit_id,
        "event_key": str(debtor.customer_id),
        "collector_id": collector,
        "state": "ACTIVE",
        "stage": stage,
        "max_stage": stage,
        "risk_tier": tier,
        "dpd": dpd(items, day),
        "overdue_fen": amount,
        "disputed_fen": sum(item.disputed_fen for item in items),
        "opened_on": day,
        "opened_at": work.now,
        "next_action_at": work.now,
    }
    case = LockedCase(work, await add_case(work.session, values))
    case.fact(CaseOpened, number=case.row.number, stage=stage, risk_tier=tier, amount_fen=amount)
    if collector is not None:
        case.fact(CaseAssigned, collector_id=collector)
        await notify(work, collector, "case_assigned", case.row.number, "a new case is yours")
    return case


async def _copy(work: Work, customer_id: UUID) -> Row[Any] | None:
    try:
        return await customer_of(work.session, customer_id)
    except Missing:
        return None


async def _collector(work: Work, copy: Row[Any] | None) -> UUID | None:
    """Key accounts go to their named person, all others to the collector with the fewest open cases."""
    if copy is not None and copy.key_account and copy.account_manager_id:
        return UUID(str(copy.account_manager_id))
    return await least_loaded(work.session, await people_with_role(work.session, "collector"))


async def _refresh(case: LockedCase, items: list[Item], day: date, *, at_close: bool) -> None:
    amount = sum(item.open_fen for item in items)
    await case.change(overdue_fen=amount, disputed_fen=sum(item.disputed_fen for item in items))
    if not at_close or not items:
        return
    pauses = [pause_value(row, day) for row in await pauses_of(case.work.session, case.row.id)]
    old, new = case.row.stage, stage_of(items, day, case.row.stage, POLICY, pauses)
    copy = await _copy(case.work, case.row.customer_id)
    tier = risk_tier(new, amount, copy.customer_class if copy else None, 0, POLICY)
    await case.change(stage=new, max_stage=max(case.row.max_stage, new), risk_tier=tier, dpd=dpd(items, day, pauses))
    if new != old:
        case.fact(CaseStageChanged, old=old, new=new)


async def _close(case: LockedCase) -> None:
    """Everything is settled: an open promise is decided in the same transaction."""
    session = case.work.session
    for row in await promises_of(session, case.row.id):
        if row.state == "OPEN":
            await change_promise(session, row.id, state="CANCELLED")
            case.fact(PromiseCancelled, promise_id=row.id, reason="nothing is due any more")
    move = step(case.row.state, "close")
    await case.change(state=move.target, outcome="PAID", closed_at=case.work.now, next_action_at=None, stage="S0", dpd=0)
    case.fact(
        CaseClosed,
        outcome="PAID",
        recovered_fen=await _recovered(case),
        max_stage=case.row.max_stage,
        contact_person_id=case.row.last_contact_person_id,
        review=None,
    )


async def _recovered(case: LockedCase) -> int:
    """What came in since the case was opened, less what bounced."""
    found = await allocations_of(case.work.session, case.row.customer_id)
    return sum(item.amount_fen for item in found if item.posted_at >= case.row.opened_at and not item.reversed)
