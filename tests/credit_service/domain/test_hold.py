"""I6: a hold's amount is always fully accounted for."""

from datetime import UTC, datetime
from uuid import UUID

from credit_service.domain.hold import Hold
from hypothesis import given
from hypothesis import strategies as st

AT = datetime(2026, 5, 6, tzinfo=UTC)
PARTS = st.integers(0, 1000)


def hold(held: int, prepaid: int, missing: int = 0, reserved: int = 0) -> Hold:
    return Hold(UUID(int=1), UUID(int=2), "SO", held + prepaid + missing, held, prepaid, missing, 0, 0, reserved, AT, "HELD")


def is_whole(one: Hold) -> bool:
    return one.held_fen + one.prepaid_fen + one.missing_fen + one.consumed_fen + one.released_fen == one.amount_fen


@given(PARTS, PARTS, PARTS, st.data())
def test_every_step_keeps_the_sum(held: int, prepaid: int, missing: int, data: st.DataObject) -> None:
    """I6: shipping, reducing, growing, filling, bouncing and ending never lose a fen."""
    one = hold(held, prepaid, missing)
    amount = data.draw(st.integers(0, held + prepaid))
    shipped, used = one.shipped(amount)
    assert used == min(amount, prepaid)
    assert is_whole(shipped)
    assert is_whole(shipped.ended("RELEASED"))
    reduced, credit, cash = one.reduced(amount)
    assert credit + cash == amount
    assert is_whole(reduced)
    assert is_whole(one.grown(amount))
    lost = data.draw(st.integers(0, prepaid))
    assert is_whole(one.bounced(lost))
    assert one.bounced(lost).filled(lost) == one


def test_prepaid_money_is_shipped_first() -> None:
    """CR-58: the exposure never moves for what was paid already."""
    shipped, prepaid = hold(700, 300).shipped(500)
    assert (prepaid, shipped.held_fen, shipped.prepaid_fen, shipped.state) == (300, 500, 0, "PARTLY")
    assert hold(700, 300).shipped(1000)[0].state == "CONSUMED"


def test_a_decrease_takes_credit_first() -> None:
    """CR-57: the customer's money stays with the order as long as possible."""
    reduced, credit, prepaid = hold(700, 300).reduced(800)
    assert (credit, prepaid, reduced.amount_fen) == (700, 100, 200)
