"""Promises are judged from the ledger's events alone (CL-30)."""

from datetime import date
from typing import Any

from shared.contracts.collection import PromiseBroken, PromiseCorrected, PromiseKept
from shared.values.calendar import china_calendar
from sqlalchemy import Row

from collection_service.domain.case import step
from collection_service.domain.policy import POLICY
from collection_service.domain.promise import State, judged, paid
from collection_service.storage.cases import LockedCase, change_promise, promise_value, promises_of
from collection_service.storage.copies import allocations_of

FAILED = {"PARTIAL", "BROKEN"}


async def judge_promises(case: LockedCase, day: date, *, at_close: bool) -> None:
    """Look at every promise of the case that is not cancelled; each change is told once."""
    session = case.work.session
    allocations = await allocations_of(session, case.row.customer_id)
    rows = await promises_of(session, case.row.id)
    for row in rows:
        promise = promise_value(row)
        paid_fen = paid(promise, allocations)
        state = judged(promise, paid_fen, day, china_calendar(), POLICY, at_close=at_close)
        if state == "OPEN" and row.state == "KEPT" and any(other.state == "OPEN" for other in rows):
            state = "PARTIAL" if paid_fen else "BROKEN"
        if (state, paid_fen) != (row.state, row.paid_fen):
            await change_promise(session, row.id, state=state, paid_fen=paid_fen)
        if state != row.state:
            await _tell(case, row, state, paid_fen)


async def _tell(case: LockedCase, row: Row[Any], state: State, paid_fen: int) -> None:
    if row.state == "OPEN":
        await _decided(case, row, state, paid_fen)
        return
    reason = "late_posting" if state == "KEPT" else "reversal"
    case.fact(PromiseCorrected, promise_id=row.id, from_state=row.state, to_state=state, reason=reason)
    if state == "OPEN" and case.row.state == "ACTIVE":
        await case.change(state="PROMISED")
    await case.change(broken_promises=case.row.broken_promises + (state in FAILED) - (row.state in FAILED))


async def _decided(case: LockedCase, row: Row[Any], state: State, paid_fen: int) -> None:
    if case.row.state == "PROMISED":
        await case.change(state=step("PROMISED", "keep" if state == "KEPT" else "break").target)
    if state == "KEPT":
        case.fact(PromiseKept, promise_id=row.id, amount_fen=row.amount_fen, paid_fen=paid_fen)
        return
    await case.change(broken_promises=case.row.broken_promises + 1, next_action_at=case.work.now)
    case.fact(
        PromiseBroken,
        promise_id=row.id,
        outcome=state.lower(),
        amount_fen=row.amount_fen,
        paid_fen=paid_fen,
        promised_on=row.promised_on,
    )
