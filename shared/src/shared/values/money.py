"""Money is a whole number of fen (分). Floats never touch it; yuan and 万元 are for display."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

FEN_PER_YUAN = 100


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded half away from zero, in whole numbers."""
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    quotient, rest = divmod(abs(numerator), denominator)
    rounded = quotient + (2 * rest >= denominator)
    return rounded if numerator >= 0 else -rounded


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` fen by `weights` so that the parts add up exactly (largest remainder, ties to the lower index)."""
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("shares need a total and weights of at least 0")
    whole = sum(weights)
    if whole == 0:
        raise ValueError("shares need at least one positive weight")
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def rate(numerator: int, denominator: int, places: int = 2) -> str | None:
    """A percentage as a decimal string, half-up; None when the denominator is not positive."""
    if denominator <= 0:
        return None
    exact = Decimal(numerator) * 100 / Decimal(denominator)
    return str(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def yuan(amount_fen: int) -> str:
    """`12345678` fen as `123,456.78`."""
    sign = "-" if amount_fen < 0 else ""
    whole, fen = divmod(abs(amount_fen), FEN_PER_YUAN)
    return f"{sign}{whole:,}.{fen:02d}"
