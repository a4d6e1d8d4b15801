"""Which debts a payment settles first (Civil Code art. 560 and 561), in whole fen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from shared.values.money import shares

COMPONENT_ORDER = {"FEE": 0, "INTEREST": 1, "PRINCIPAL": 2}


@dataclass(frozen=True, slots=True)
class Debt:
    """An open item: `payable_fen` is open less disputed; `debt_id` joins principal, interest and fees of one debt."""

    receivable_id: UUID
    debt_id: UUID
    component: str
    payable_fen: int
    due_on: date
    secured_fen: int = 0
    rate_ppm_year: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """So much of the payment goes to that item."""

    receivable_id: UUID
    amount_fen: int


def allocate(amount_fen: int, debts: Sequence[Debt], value_date: date) -> list[Share]:
    """Spread a payment: due before not due, least secured, higher rate, earlier due; equals pro rata (largest remainder,
    ties to the lower id); inside one debt fees, then interest, then principal. What is left over is not returned."""
    left, given = amount_fen, list[Share]()
    for group in _groups(debts, value_date):
        totals = [sum(debt.payable_fen for debt in parts) for parts in group]
        take = min(left, sum(totals))
        for parts, part in zip(group, _split(take, totals), strict=True):
            given += _inside(parts, part)
        left -= take
    return [share for share in given if share.amount_fen]


def _split(take: int, totals: Sequence[int]) -> list[int]:
    return shares(take, totals) if sum(totals) else [0] * len(totals)


def _groups(debts: Sequence[Debt], value_date: date) -> Iterator[list[list[Debt]]]:
    """Debts of equal rank together, in order of rank; each debt as the list of its components."""
    by_debt: dict[UUID, list[Debt]] = {}
    for debt in debts:
        if debt.payable_fen > 0:
            by_debt.setdefault(debt.debt_id, []).append(debt)

    def rank(parts: list[Debt]) -> tuple[bool, int, int, date]:
        due_on = min(part.due_on for part in parts)
        secured = min(part.secured_fen for part in parts)
        return due_on > value_date, secured, -max(part.rate_ppm_year for part in parts), due_on

    ordered = sorted(by_debt.values(), key=lambda parts: (rank(parts), parts[0].debt_id))
    for _, group in groupby(ordered, key=rank):
        yield list(group)


def _inside(parts: Sequence[Debt], amount_fen: int) -> Iterator[Share]:
    for debt in sorted(parts, key=lambda part: (COMPONENT_ORDER[part.component], part.receivable_id)):
        taken = min(amount_fen, debt.payable_fen)
        amount_fen -= taken
        yield Share(debt.receivable_id, taken)
