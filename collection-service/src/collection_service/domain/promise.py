"""Promises to pay (付款承诺, CL-30): the deadline, and the verdict from the ledger's events alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.values.calendar import WorkingCalendar
from shared.values.errors import Conflict, Forbidden, Invalid

from collection_service.domain.policy import CollectionPolicy

State = Literal["OPEN", "KEPT", "PARTIAL", "BROKEN", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Promise:
    """Amount in fen; `receivable_ids` are the items that were open in the case when it was made."""

    id: UUID
    amount_fen: int
    promised_on: date
    deadline_on: date
    made_at: datetime
    receivable_ids: frozenset[UUID]
    state: State = "OPEN"


@dataclass(frozen=True, slots=True)
class Allocated:
    """What of a payment went to an item, and whether it was taken back."""

    receivable_id: UUID
    amount_fen: int
    value_date: date
    posted_at: datetime
    reversed: bool = False


def deadline(promised_on: date, calendar: WorkingCalendar, policy: CollectionPolicy) -> date:
    """Two working days of grace after the promised day."""
    return calendar.add_working_days(promised_on, policy.promise_grace_working_days)


def verdict_due_on(deadline_on: date, calendar: WorkingCalendar, policy: CollectionPolicy) -> date:
    """The day at whose close an unkept promise is judged: one working day for posting after the deadline."""
    return calendar.add_working_days(deadline_on, policy.posting_lag_working_days)


def paid(promise: Promise, allocations: Sequence[Allocated]) -> int:
    """Fen that count: to the promise's items, posted after it was made, valued by the deadline, not taken back."""
    return sum(
        found.amount_fen
        for found in allocations
        if found.receivable_id in promise.receivable_ids
        and not found.reversed
        and found.posted_at > promise.made_at
        and found.value_date <= promise.deadline_on
    )


def is_kept(promise: Promise, paid_fen: int, policy: CollectionPolicy) -> bool:
    """At least 99 % came."""
    return paid_fen * 100 >= promise.amount_fen * policy.kept_percent


def judged(
    promise: Promise, paid_fen: int, day: date, calendar: WorkingCalendar, policy: CollectionPolicy, *, at_close: bool
) -> State:
    """What the promise is now: KEPT as soon as the sum is there; PARTIAL or BROKEN only at a close, once it is due.

    A late posting makes a failed one KEPT; a reversal opens a kept one again, or fails it after its deadline.
    """
    if promise.state == "CANCELLED":
        return "CANCELLED"
    if is_kept(promise, paid_fen, policy):
        return "KEPT"
    failed: State = "PARTIAL" if paid_fen else "BROKEN"
    match promise.state:
        case "PARTIAL" | "BROKEN":
            return promise.state
        case "KEPT":
            return failed if promise.deadline_on < day else "OPEN"
    due = verdict_due_on(promise.deadline_on, calendar, policy) <= day
    return failed if at_close and due else "OPEN"


def check_new(
    amount_fen: int,
    promised_on: date,
    today: date,
    overdue_fen: int,
    broken_before: int,
    supervisor: bool,
    policy: CollectionPolicy,
) -> None:
    """Errors: 422 `PROMISE_DATE`, `PROMISE_ABOVE_OVERDUE`; 403 `SUPERVISOR_NEEDED` after two broken ones; 409 `NOTHING_DUE`."""
    if not today <= promised_on <= today + timedelta(days=policy.promise_days):
        raise Invalid("PROMISE_DATE", f"from today to {policy.promise_days} days ahead")
    if overdue_fen <= 0:
        raise Conflict("NOTHING_DUE", "nothing is overdue")
    if amount_fen > overdue_fen:
        raise Invalid("PROMISE_ABOVE_OVERDUE", "a promise is at most what is overdue", overdue_fen=overdue_fen)
    if broken_before >= policy.broken_before_supervisor and not supervisor:
        raise Forbidden("SUPERVISOR_NEEDED", "after two broken promises only a supervisor takes another one")
