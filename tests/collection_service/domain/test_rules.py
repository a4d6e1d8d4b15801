"""CL-21, CL-22, CL-30: stages, tiers, transitions, promises."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from collection_service.domain.case import OPEN, TABLE, State, allowed_actions, step
from collection_service.domain.policy import POLICY
from collection_service.domain.promise import Allocated, Promise, check_new, deadline, judged, paid, verdict_due_on
from collection_service.domain.stage import Item, Pause, dpd, risk_tier, stage_of, work_day
from hypothesis import given
from hypothesis import strategies as st
from shared.values.calendar import china_calendar
from shared.values.errors import Conflict, Forbidden, Invalid

DAY = date(2026, 5, 7)
CALENDAR = china_calendar()


def item(days_late: int, fen: int = 10_000_000, disputed: int = 0, number: int = 1, aged: bool = False) -> Item:
    return Item(UUID(int=number), fen, disputed, DAY - timedelta(days_late), aged)


@pytest.mark.parametrize(
    ("days", "stage"),
    [(0, "S0"), (1, "S1"), (30, "S1"), (31, "S2"), (60, "S2"), (61, "S3"), (90, "S3"), (91, "S4"), (180, "S4"), (181, "S5")],
)
def test_stages_by_days_past_due(days: int, stage: str) -> None:
    """CL-22: both edges of every stage."""
    assert stage_of([item(days)], DAY, "S0", POLICY) == stage


def test_six_months_after_shipment_is_the_last_stage() -> None:
    """CL-22, CL-05."""
    assert stage_of([item(5, aged=True)], DAY, "S0", POLICY) == "S5"


def test_a_small_balance_never_passes_the_first_stage() -> None:
    """CL-41: under 500 yuan; 500 yuan itself does."""
    assert stage_of([item(200, 49_999)], DAY, "S0", POLICY) == "S1"
    assert stage_of([item(200, 50_000)], DAY, "S0", POLICY) == "S5"


def test_disputed_items_keep_the_stage() -> None:
    """CL-22: without an item to pursue the stage is kept and dpd is 0."""
    disputed = [item(70, 100_000, 100_000)]
    assert stage_of(disputed, DAY, "S2", POLICY) == "S2"
    assert dpd(disputed, DAY) == 0


@given(st.integers(0, 300), st.integers(0, 100), st.integers(0, 40))
def test_dpd_never_depends_on_pauses_of_the_case(days: int, start: int, length: int) -> None:
    """CL-21: two clocks: dpd is ledger truth, work_day is never ahead of it."""
    pause = Pause(DAY - timedelta(start), DAY - timedelta(start) + timedelta(length))
    late = item(days)
    assert dpd([late], DAY, [pause]) == dpd([late], DAY) == days
    assert work_day(late.due_on, DAY, [pause]) <= days


def test_a_paused_receivable_does_not_count() -> None:
    """CL-21: a pause by line takes its item out of the dpd."""
    items = [item(50, number=1), item(20, number=2)]
    assert dpd(items, DAY, [Pause(DAY, DAY, frozenset({UUID(int=1)}))]) == 20


@pytest.mark.parametrize(
    ("stage", "fen", "customer_class", "signals", "tier"),
    [("S3", 1, None, 0, "HIGH"), ("S1", 50_000_000, None, 0, "HIGH"), ("S1", 1, "D", 0, "HIGH"), ("S1", 1, None, 2, "HIGH"),
     ("S2", 1, None, 0, "MEDIUM"), ("S1", 10_000_000, None, 0, "MEDIUM"), ("S1", 1, None, 1, "MEDIUM"), ("S1", 9_999_999, "A", 0, "LOW")],
)  # fmt: skip
def test_risk_tiers(stage: str, fen: int, customer_class: str | None, signals: int, tier: str) -> None:
    """CL-21: a case per line of the rule."""
    assert risk_tier(stage, fen, customer_class, signals, POLICY) == tier


def test_every_open_state_can_close_and_only_closed_reopens() -> None:
    """CL-21: every state has a way out."""
    for state in OPEN:
        assert step(state, "close").target == "CLOSED"
    assert step("CLOSED", "reopen").target == "ACTIVE"
    assert {row.source for row in TABLE} == set(get_args(State))
    assert allowed_actions("CLOSED") == []
    with pytest.raises(Conflict, match="ILLEGAL_ACTION"):
        step("CLOSED", "promise")


def promise(amount: int = 10_000, promised: date = DAY, state: str = "OPEN") -> Promise:
    made = datetime(2026, 5, 7, 2, tzinfo=UTC)
    return Promise(UUID(int=9), amount, promised, deadline(promised, CALENDAR, POLICY), made, frozenset({UUID(int=1)}), state)  # type: ignore[arg-type]


def test_two_working_days_of_grace_and_one_of_posting() -> None:
    """CL-30: promised Thursday 7 May → Saturday 9 (a make-up workday) → verdict at the close of Monday 11."""
    assert promise().deadline_on == date(2026, 5, 9)
    assert verdict_due_on(promise().deadline_on, CALENDAR, POLICY) == date(2026, 5, 11)


@pytest.mark.parametrize(
    ("paid_fen", "day", "at_close", "state"),
    [
        (9_900, DAY, False, "KEPT"),
        (9_899, DAY, False, "OPEN"),
        (9_899, date(2026, 5, 10), True, "OPEN"),
        (9_899, date(2026, 5, 11), False, "OPEN"),
        (9_899, date(2026, 5, 11), True, "PARTIAL"),
        (0, date(2026, 5, 11), True, "BROKEN"),
    ],
)
def test_the_verdict(paid_fen: int, day: date, at_close: bool, state: str) -> None:
    """CL-30: kept from 99 %, at once; partial or broken only at the close of the working day after the deadline."""
    assert judged(promise(), paid_fen, day, CALENDAR, POLICY, at_close=at_close) == state


def test_a_late_posting_corrects_and_a_reversal_undoes() -> None:
    """CL-30: BROKEN → KEPT; KEPT → OPEN up to the deadline, BROKEN or PARTIAL after it."""
    assert judged(promise(state="BROKEN"), 10_000, date(2026, 5, 20), CALENDAR, POLICY, at_close=False) == "KEPT"
    assert judged(promise(state="BROKEN"), 5_000, date(2026, 5, 20), CALENDAR, POLICY, at_close=True) == "BROKEN"
    assert judged(promise(state="KEPT"), 0, date(2026, 5, 9), CALENDAR, POLICY, at_close=False) == "OPEN"
    assert judged(promise(state="KEPT"), 0, date(2026, 5, 10), CALENDAR, POLICY, at_close=False) == "BROKEN"
    assert judged(promise(state="KEPT"), 1, date(2026, 5, 10), CALENDAR, POLICY, at_close=False) == "PARTIAL"
    assert judged(promise(state="CANCELLED"), 10_000, DAY, CALENDAR, POLICY, at_close=True) == "CANCELLED"


def test_what_counts_towards_a_promise() -> None:
    """CL-30: its items, posted after it was made, valued by the deadline, not taken back."""
    made = promise()
    good = Allocated(UUID(int=1), 100, made.deadline_on, made.made_at + timedelta(seconds=1))
    others = [
        Allocated(UUID(int=2), 1, DAY, good.posted_at),
        Allocated(UUID(int=1), 2, DAY, made.made_at),
        Allocated(UUID(int=1), 4, made.deadline_on + timedelta(1), good.posted_at),
        Allocated(UUID(int=1), 8, DAY, good.posted_at, reversed=True),
    ]
    assert paid(made, [good, *others]) == 100


def test_who_may_take_which_promise() -> None:
    """CL-30: 30 days ahead at most, at most what is overdue, the third one after two broken by a supervisor."""
    check_new(100, DAY, DAY, 100, 0, False, POLICY)
    check_new(100, DAY + timedelta(30), DAY, 100, 2, True, POLICY)
    with pytest.raises(Invalid, match="PROMISE_DATE"):
        check_new(100, DAY + timedelta(31), DAY, 100, 0, False, POLICY)
    with pytest.raises(Invalid, match="PROMISE_ABOVE_OVERDUE"):
        check_new(101, DAY, DAY, 100, 0, False, POLICY)
    with pytest.raises(Forbidden, match="SUPERVISOR_NEEDED"):
        check_new(100, DAY, DAY, 100, 2, False, POLICY)
    with pytest.raises(Conflict, match="NOTHING_DUE"):
        check_new(100, DAY, DAY, 0, 0, False, POLICY)
