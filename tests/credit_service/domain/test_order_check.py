"""CR-57: every gate, its verdict, and the ways out."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from credit_service.domain.account import Account
from credit_service.domain.gate import LineTerms, Standing
from credit_service.domain.order_check import Exemption, OldItem, Order, OrderDecision, decide_order, override_approver
from credit_service.domain.policy import POLICY
from hypothesis import given
from hypothesis import strategies as st

DAY = date(2026, 10, 5)
CUSTOMER = UUID(int=7)
LINE = LineTerms(50_000_000, 60, DAY + timedelta(days=100), DAY + timedelta(days=500))
GOOD = Standing(True, LINE)


def account(**changes: Any) -> Account:
    values: dict[str, Any] = {"limit_fen": 50_000_000, "gate": "CREDIT", "line_valid_until": LINE.valid_until} | changes
    return Account(CUSTOMER, **values)


def item(due_on: date = DAY, shipped_on: date | None = None, aged_on: date | None = None, fen: int = 1_500_000) -> OldItem:
    return OldItem(uuid4(), "AR-311", due_on, fen, shipped_on, aged_on)


def decide(
    account: Account, order: Order, standing: Standing = GOOD, items: tuple[OldItem, ...] = (), **more: Any
) -> OrderDecision:
    return decide_order(account, standing, order, items, DAY, POLICY, **more)


def codes(decision: OrderDecision) -> list[str]:
    return [reason["code"] for reason in decision.reasons]


def test_within_the_limit_it_is_approved() -> None:
    """CR-57: exactly the available amount passes, one fen more does not."""
    free = account(ar_fen=42_000_000)
    assert decide(free, Order(8_000_000)).verdict == "APPROVED"
    assert codes(decide(free, Order(8_000_001))) == ["LIMIT_EXCEEDED"]
    assert decide(free, Order(8_000_001)).reasons[0]["short_fen"] == 1


def test_an_excess_is_reduced_when_the_caller_takes_less() -> None:
    """CR-57: available 100,000, order 120,000: REDUCED to 100,000 with accept_partial, else SUSPENDED."""
    used = account(ar_fen=40_000_000)
    reduced = decide(used, Order(12_000_000, accept_partial=True))
    assert (reduced.verdict, reduced.credit_fen, reduced.approved_fen) == ("REDUCED", 10_000_000, 10_000_000)
    suspended = decide(used, Order(12_000_000))
    assert (suspended.verdict, suspended.approved_fen) == ("SUSPENDED", 0)
    assert suspended.ways_out == ["PREPAY:2000000", "REDUCE:10000000", "OVERRIDE:finance_vp"]


@pytest.mark.parametrize(("room", "verdict"), [(1_000_000, "REDUCED"), (999_999, "SUSPENDED"), (0, "SUSPENDED")])
def test_a_remainder_below_the_minimum_is_not_worth_producing(room: int, verdict: str) -> None:
    """CR-57 (Q26): at least `min_partial` (10,000.00)."""
    decision = decide(account(ar_fen=50_000_000 - room), Order(12_000_000, accept_partial=True))
    assert decision.verdict == verdict
    assert ("BELOW_MIN_PARTIAL" in codes(decision)) == (verdict == "SUSPENDED")


@pytest.mark.parametrize(
    ("standing", "expected", "verdict"),
    [
        (Standing(False, None), ["NOT_MANAGED"], "PREPAY"),
        (Standing(True, None), ["NO_ACTIVE_LINE"], "PREPAY"),
        (Standing(True, LINE, "C"), ["CLASS_C"], "PREPAY"),
        (Standing(True, LineTerms(1, 1, DAY - timedelta(1), DAY)), ["LINE_EXPIRED"], "PREPAY"),
        (Standing(True, LineTerms(1, 1, DAY, DAY - timedelta(1))), ["CONTRACT_EXPIRED"], "PREPAY"),
        (Standing(True, LineTerms(1, 1, DAY, DAY, ("NOT_RATED",))), ["NOT_RATED"], "PREPAY"),
        (Standing(True, LineTerms(1, 1, DAY, DAY, ("manual",))), ["LINE_FROZEN"], "SUSPENDED"),
        (Standing(True, LINE, "D"), ["CLASS_D"], "SUSPENDED"),
        (Standing(True, LINE, None, True), ["SUPPLY_STOP"], "SUSPENDED"),
        (Standing(True, LineTerms(1, 1, DAY, DAY, ("SUPPLY_STOP",)), "C"), ["CLASS_C", "SUPPLY_STOP"], "SUSPENDED"),
    ],
)
def test_terms_and_stops(standing: Standing, expected: list[str], verdict: str) -> None:
    """CR-11, CR-12, CR-17, CR-56: each code of G1 and G2; a stop wins over terms."""
    decision = decide(account(), Order(100), standing)
    assert codes(decision) == expected
    assert decision.verdict == verdict
    assert (decision.prepay_needed_fen is None) == (verdict == "SUSPENDED")


def test_old_money_suspends() -> None:
    """CR-57, CL-05: one day past due; on the six-month day not yet, the day after it is too old."""
    assert decide(account(), Order(100), items=(item(DAY),)).verdict == "APPROVED"
    late = decide(account(), Order(100), items=(item(DAY - timedelta(1)),))
    assert (late.verdict, codes(late)) == ("SUSPENDED", ["TERM_EXCEEDED"])
    assert late.ways_out[:2] == ["PAY_OLDEST:1500000", "PREPAY:100"]
    at_six = item(DAY + timedelta(60), date(2026, 4, 5), DAY)
    assert decide(account(), Order(100), items=(at_six,)).verdict == "APPROVED"
    past_six = item(DAY + timedelta(60), date(2026, 4, 4), DAY - timedelta(1))
    assert codes(decide(account(), Order(100), items=(past_six,))) == ["AGE_6M"]


def test_a_wholly_disputed_item_counts_for_nothing() -> None:
    """CL-19 (Q27): the gate leaves out accepted disputes."""
    assert decide(account(), Order(100), items=(item(DAY - timedelta(9), fen=0),)).verdict == "APPROVED"


def test_all_reasons_at_once_in_their_order() -> None:
    """CR-57: G1, G2, G3, G4, cash."""
    standing = Standing(True, LineTerms(1, 1, DAY - timedelta(1), DAY, ("manual",)))
    decision = decide(account(ar_fen=50_000_000), Order(200, 100), standing, (item(DAY - timedelta(1)),))
    assert codes(decision) == ["LINE_EXPIRED", "LINE_FROZEN", "TERM_EXCEEDED", "LIMIT_EXCEEDED", "PREPAYMENT_MISSING"]


def test_a_prepaid_order_passes_terms_and_age() -> None:
    """CR-56: whoever has no line pays first: nothing on credit needs no line."""
    paid = Order(3_000_000, 3_000_000, earmarked_fen=3_000_000)
    decision = decide(account(ar_fen=50_000_000), paid, Standing(False, None), (item(DAY - timedelta(9)),))
    assert (decision.verdict, decision.credit_fen, decision.approved_fen) == ("APPROVED", 0, 3_000_000)


def test_on_account_cash_that_covers_a_hold_cannot_be_prepaid_twice() -> None:
    """CR-57, I9: earmarking on-account cash raises the exposure, so it passes the limit like credit."""
    full = account(held_fen=60_000_000, unapplied_fen=10_000_000)
    decision = decide(full, Order(5_000_000, 5_000_000))
    assert codes(decision) == ["LIMIT_EXCEEDED"]


def test_an_unpaid_deposit_asks_for_payment() -> None:
    """CL-10: the deposit of this order is open."""
    decision = decide(account(), Order(100, deposit_open_fen=5_000))
    assert (decision.verdict, codes(decision)) == ("PREPAY", ["DEPOSIT_UNPAID"])


def test_an_override_lifts_its_codes_and_its_amount_only() -> None:
    """CR-53: skipped codes, fen above the limit, never a stop."""
    exemption = Exemption(frozenset({"LIMIT_EXCEEDED", "TERM_EXCEEDED"}), 1_000_000)
    full, old = account(ar_fen=50_000_000), (item(DAY - timedelta(9)),)
    assert decide(full, Order(1_000_000), items=old, exemption=exemption).verdict == "APPROVED"
    assert codes(decide(full, Order(1_000_001), items=old, exemption=exemption)) == ["LIMIT_EXCEEDED"]
    frozen = Standing(True, LineTerms(1, 1, DAY, DAY, ("manual",)))
    assert decide(full, Order(100), frozen, old, exemption=exemption).verdict == "SUSPENDED"


@pytest.mark.parametrize(
    ("excess", "given_codes", "approver"),
    [(5_000_000, ["LIMIT_EXCEEDED"], "finance_vp"), (5_000_001, ["LIMIT_EXCEEDED"], "general_manager"),
     (1, ["TERM_EXCEEDED"], "general_manager"), (1, ["AGE_6M", "LIMIT_EXCEEDED"], "general_manager")],
)  # fmt: skip
def test_who_decides_an_override(excess: int, given_codes: list[str], approver: str) -> None:
    """CR-53: finance_vp up to 50,000.00 and without an age code."""
    assert override_approver(excess, given_codes, POLICY) == approver


FEN = st.integers(0, 10**8)


@given(limit=FEN, ar=FEN, held=FEN, cash=FEN, amount=st.integers(1, 10**8), prepaid=FEN, partial=st.booleans())
def test_no_approval_ever_exceeds_the_limit(
    limit: int, ar: int, held: int, cash: int, amount: int, prepaid: int, partial: bool
) -> None:
    """I9: an approved or reduced order leaves the exposure within the limit, unless it is wholly earmarked already."""
    before = account(limit_fen=limit, ar_fen=ar, held_fen=held, unapplied_fen=cash)
    order = Order(amount, min(prepaid, amount), accept_partial=partial)
    decision = decide(before, order)
    if decision.verdict in {"APPROVED", "REDUCED"} and decision.credit_fen + order.cash_fen:
        assert before.exposure_fen + decision.credit_fen + order.cash_fen <= limit


@given(limit=FEN, ar=FEN, held=FEN, cash=FEN, amount=st.integers(1, 10**8), earmarked=FEN)
def test_the_named_prepayment_is_enough_and_not_a_fen_too_much(
    limit: int, ar: int, held: int, cash: int, amount: int, earmarked: int
) -> None:
    """CR-57: with `prepay_needed_fen` more, earmarked to the order, the whole amount passes; with one fen less it does not."""
    before = account(limit_fen=limit, ar_fen=ar, held_fen=held, unapplied_fen=cash)
    needed = decide(before, Order(amount, earmarked_fen=min(earmarked, amount))).prepay_needed_fen
    assert needed is not None
    assert passes(before, amount, min(earmarked, amount) + needed)
    assert needed == 0 or not passes(before, amount, min(earmarked, amount) + needed - 1)


def passes(before: Account, amount: int, earmarked: int) -> bool:
    """Whether the order passes with the best `prepaid_fen` that the caller could name."""
    candidates = {min(earmarked, amount), min(amount, earmarked + before.unapplied_fen), amount}
    return any(decide(before, Order(amount, prepaid, earmarked_fen=earmarked)).verdict == "APPROVED" for prepaid in candidates)
