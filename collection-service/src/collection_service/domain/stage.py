"""How late a customer is: days past due, stage, risk tier (CL-21, CL-22)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from collection_service.domain.policy import CollectionPolicy

STAGES = ("S0", "S1", "S2", "S3", "S4", "S5")
LAST_DAY = ((0, "S0"), (30, "S1"), (60, "S2"), (90, "S3"), (180, "S4"))


@dataclass(frozen=True, slots=True)
class Item:
    """An overdue receivable of the case, as the ledger says; `six_months_old` once the ledger announced it."""

    receivable_id: UUID
    open_fen: int
    disputed_fen: int
    due_on: date
    six_months_old: bool = False

    @property
    def pursued_fen(self) -> int:
        """Open and not disputed."""
        return self.open_fen - self.disputed_fen


@dataclass(frozen=True, slots=True)
class Pause:
    """Outreach stands still for these receivables (empty: the whole case), first and last day included."""

    from_on: date
    to_on: date
    receivable_ids: frozenset[UUID] = frozenset()
    kind: str = "MANUAL"


def dpd(items: Sequence[Item], as_of: date, pauses: Sequence[Pause] = ()) -> int:
    """Days past due of the oldest item that is neither disputed nor paused by line; ledger truth, never paused itself."""
    excluded = {receivable for pause in pauses if pause.from_on <= as_of for receivable in pause.receivable_ids}
    pursued = [item for item in items if item.pursued_fen > 0 and item.receivable_id not in excluded]
    return max(((as_of - item.due_on).days for item in pursued), default=0)


def work_day(due_on: date, as_of: date, pauses: Sequence[Pause]) -> int:
    """Days past due less the days on which the whole case was paused; drives outreach only."""
    paused = {
        pause.from_on + timedelta(days=number)
        for pause in pauses
        if not pause.receivable_ids
        for number in range((min(pause.to_on, as_of) - pause.from_on).days + 1)
    }
    return (as_of - due_on).days - sum(due_on <= day < as_of for day in paused)


def stage_of(items: Sequence[Item], as_of: date, kept: str, policy: CollectionPolicy, pauses: Sequence[Pause] = ()) -> str:
    """S0 … S5 by days past due; without an item to pursue the stage is kept; a small balance never passes S1 (CL-41)."""
    if not any(item.pursued_fen > 0 for item in items):
        return kept
    days = dpd(items, as_of, pauses)
    stage = next((name for last, name in LAST_DAY if days <= last), "S5")
    if any(item.six_months_old and item.pursued_fen > 0 for item in items):
        stage = "S5"
    if sum(item.pursued_fen for item in items) < policy.small_balance_fen:
        return min(stage, "S1")
    return stage


def risk_tier(stage: str, open_fen: int, customer_class: str | None, signals: int, policy: CollectionPolicy) -> str:
    """HIGH, MEDIUM or LOW (不同风险程度, CL-21)."""
    if stage >= "S3" or signals >= 2 or customer_class == "D" or open_fen >= policy.high_fen:
        return "HIGH"
    if stage == "S2" or signals == 1 or open_fen >= policy.medium_fen:
        return "MEDIUM"
    return "LOW"
