"""G-27: money is exact, whatever is added, split or rounded."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.values.money import half_up, rate, shares, yuan


def test_a_hundred_fen_are_a_hundred_fen() -> None:
    """G-27: the sum of 100 amounts of 1 fen is 100 fen exactly."""
    assert sum([1] * 100) == 100
    assert yuan(sum([1] * 100)) == "1.00"


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(1, 2, 1), (-1, 2, -1), (1, 3, 0), (2, 3, 1), (5, 2, 3), (-5, 2, -3), (0, 7, 0), (7, 7, 1)],
)
def test_halves_go_away_from_zero(numerator: int, denominator: int, expected: int) -> None:
    assert half_up(numerator, denominator) == expected


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**9))
def test_rounding_is_never_off_by_more_than_a_half(numerator: int, denominator: int) -> None:
    assert abs(Fraction(numerator, denominator) - half_up(numerator, denominator)) <= Fraction(1, 2)


def test_largest_remainder_prefers_the_lower_index_on_a_tie() -> None:
    assert shares(100, [1, 1, 1]) == [34, 33, 33]
    assert shares(2, [1, 1, 1]) == [1, 1, 0]


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_shares_add_up_and_stay_within_one_fen_of_their_weight(total: int, weights: list[int]) -> None:
    if sum(weights) == 0:
        weights = [*weights, 1]
    parts = shares(total, weights)
    assert sum(parts) == total
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))


@pytest.mark.parametrize("weights", [[], [0], [-1, 2]])
def test_shares_need_a_weight(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weight"):
        shares(100, weights)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(19, 20, "95.00"), (48, 50, "96.00"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 0, None), (1, -5, None)],
)
def test_rates_are_decimal_strings_with_two_places(numerator: int, denominator: int, expected: str | None) -> None:
    assert rate(numerator, denominator) == expected


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (5, "0.05"), (-12345678, "-123,456.78"), (42000000, "420,000.00")])
def test_yuan_is_for_display(fen: int, text: str) -> None:
    assert yuan(fen) == text
