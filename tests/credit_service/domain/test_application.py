"""CR-46…CR-49, CR-54: the approval chain of art. 10 as a table."""

from datetime import date
from typing import get_args

import pytest
from credit_service.domain.application import (
    Kind,
    State,
    allowed_actions,
    approver_of,
    check_content,
    check_effective_from,
    may_approve,
    step,
)
from credit_service.domain.policy import POLICY
from shared.values.errors import Conflict, Invalid


@pytest.mark.parametrize(
    ("total", "term", "approver"),
    [
        (50_000_000, 60, "finance_vp"),
        (50_000_001, 60, "general_manager"),
        (50_000_000, 61, "general_manager"),
        (10_000_000, 60, "finance_vp"),
        (10_000_000, 61, "general_manager"),
    ],
)
def test_amount_and_term_choose_the_last_approver(total: int, term: int, approver: str) -> None:
    """CR-47, CR-48: 500,000.00 and `max_term_days` inclusive for the finance vice president."""
    assert approver_of(total, term, POLICY) == approver


def test_the_general_manager_may_what_the_vice_president_may() -> None:
    """CR-47: not the reverse; the market manager may neither."""
    assert may_approve(frozenset({"general_manager"}), 50_000_000, 60, POLICY)
    assert not may_approve(frozenset({"finance_vp"}), 50_000_001, 60, POLICY)
    assert not may_approve(frozenset({"market_manager"}), 1, 1, POLICY)


@pytest.mark.parametrize("kind", [kind for kind in get_args(Kind) if kind != "BELOW_GRADE"])
def test_five_steps_in_order(kind: Kind) -> None:
    """CR-46, CR-53: every kind runs market → sales VP → finance → last approver."""
    state: State = "DRAFT"
    for action in ("submit", "review-sales", "review-finance", "approve"):
        assert action in allowed_actions(kind, state)
        state = step(kind, state, action).target  # type: ignore[arg-type]
    assert state == "APPROVED"


def test_below_grade_ends_with_the_sales_vice_president() -> None:
    """CR-49: 不超过5万元."""
    assert step("BELOW_GRADE", "SUBMITTED", "review-sales").target == "APPROVED"
    with pytest.raises(Conflict, match="ILLEGAL_ACTION"):
        step("BELOW_GRADE", "SUBMITTED", "approve")


@pytest.mark.parametrize("state", ["APPROVED", "EFFECTIVE", "REJECTED", "WITHDRAWN", "LAPSED"])
def test_final_states_have_no_way_on(state: State) -> None:
    """CR-46: a rejection at any step ends it."""
    assert allowed_actions("NEW", state) == []


def test_out_of_order_says_what_is_allowed() -> None:
    """G-08: steps out of order are a conflict that names the right one."""
    with pytest.raises(Conflict) as refused:
        step("UNRATED", "SUBMITTED", "approve")
    assert refused.value.facts == {"from": "SUBMITTED", "action": "approve", "allowed": ["review-sales", "reject", "withdraw"]}


def test_fifty_thousand_and_not_a_fen_more() -> None:
    """CR-49: 50,000.00 accepted; 50,000.01 refused."""
    check_content("BELOW_GRADE", 5_000_000, date(2026, 12, 31), date(2026, 5, 1), POLICY)
    with pytest.raises(Invalid, match="BELOW_GRADE_LIMIT"):
        check_content("BELOW_GRADE", 5_000_001, date(2026, 12, 31), date(2026, 5, 1), POLICY)


@pytest.mark.parametrize("until", [date(2026, 5, 1), date(2027, 5, 2)])
def test_a_line_lives_at_most_twelve_months(until: date) -> None:
    """CR-54 (Q23)."""
    with pytest.raises(Invalid, match="VALID_UNTIL_INVALID"):
        check_content("UNRATED", 1, until, date(2026, 5, 1), POLICY)


def test_in_place_within_a_calendar_month() -> None:
    """CR-54: approved 31 January, at the latest 28 February."""
    check_effective_from(date(2026, 2, 28), date(2026, 1, 31))
    for wrong in (date(2026, 3, 1), date(2026, 1, 30)):
        with pytest.raises(Invalid, match="EFFECTIVE_TOO_LATE"):
            check_effective_from(wrong, date(2026, 1, 31))
