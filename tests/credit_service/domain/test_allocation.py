"""CL-13: which debts a payment settles first, to the fen."""

from datetime import date
from uuid import UUID

from credit_service.domain.allocation import Debt, allocate
from hypothesis import given
from hypothesis import strategies as st

DAY = date(2026, 5, 6)


def debt(
    number: int, fen: int, due: int = 1, *, component: str = "PRINCIPAL", of: int | None = None, secured: int = 0, rate: int = 0
) -> Debt:
    return Debt(UUID(int=number), UUID(int=of or number), component, fen, date(2026, 5, due), secured, rate)


def given_to(amount: int, *debts: Debt) -> dict[int, int]:
    return {share.receivable_id.int: share.amount_fen for share in allocate(amount, debts, DAY)}


def test_due_before_not_due() -> None:
    """CL-13: what is due at the value date comes before what is not, even a day."""
    assert given_to(100, debt(1, 100, due=7), debt(2, 60, due=6)) == {2: 60, 1: 40}


def test_least_secured_then_higher_rate_then_earlier_due() -> None:
    """CL-13 (Civil Code 560)."""
    assert given_to(100, debt(1, 100, secured=5), debt(2, 100)) == {2: 100}
    assert given_to(100, debt(1, 100, rate=5), debt(2, 100, rate=9)) == {2: 100}
    assert given_to(100, debt(1, 100, due=3), debt(2, 100, due=2)) == {2: 100}


def test_equal_ranks_share_by_largest_remainder() -> None:
    """CL-13: pro rata on the open total, ties to the lower id."""
    assert given_to(100, debt(1, 100), debt(2, 100), debt(3, 100)) == {1: 34, 2: 33, 3: 33}


def test_inside_one_debt_fees_then_interest_then_principal() -> None:
    """CL-13 (Civil Code 561)."""
    parts = (debt(1, 100, of=9), debt(2, 30, component="INTEREST", of=9), debt(3, 20, component="FEE", of=9))
    assert given_to(60, *parts) == {3: 20, 2: 30, 1: 10}


def test_disputed_items_get_nothing() -> None:
    """CL-19: what is wholly disputed is not payable without a designation."""
    assert given_to(100, debt(1, 0), debt(2, 50)) == {2: 50}


DEBTS = st.lists(
    st.builds(
        debt, st.integers(1, 9), st.integers(0, 10**6), st.integers(1, 28), secured=st.integers(0, 2), rate=st.integers(0, 2)
    ),
    max_size=8,
    unique_by=lambda one: one.receivable_id,
)


@given(st.integers(0, 10**7), DEBTS)
def test_nothing_is_lost_nothing_is_overpaid(amount: int, debts: list[Debt]) -> None:
    """I5: shares add up to what can be paid, and no item gets more than it is payable."""
    shares = allocate(amount, debts, DAY)
    payable = {one.receivable_id: one.payable_fen for one in debts}
    assert sum(share.amount_fen for share in shares) == min(amount, sum(payable.values()))
    assert all(0 < share.amount_fen <= payable[share.receivable_id] for share in shares)


@given(st.integers(0, 10**7), DEBTS, st.randoms())
def test_the_order_in_which_debts_are_listed_does_not_matter(amount: int, debts: list[Debt], random: object) -> None:
    """I7: the same payment always does the same."""
    shuffled = list(debts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted(map(str, allocate(amount, debts, DAY))) == sorted(map(str, allocate(amount, shuffled, DAY)))
