"""The daily close (日结): which announcements an item still owes at the end of a day (CL-03, CL-05)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from credit_service.domain.policy import CreditPolicy


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What the close looks at; the three dates say what was announced already."""

    undisputed_fen: int
    due_on: date
    aged_on: date | None = None
    overdue_event_on: date | None = None
    due_soon_event_on: date | None = None
    aged_event_on: date | None = None


def announcements(item: OpenItem, day: date, policy: CreditPolicy) -> Sequence[str]:
    """`overdue`, `due_soon`, `six_months`: each once in an item's life, whenever it was posted."""
    if item.undisputed_fen <= 0:
        return []
    found = []
    if item.due_on < day and item.overdue_event_on is None:
        found.append("overdue")
    soon = day <= item.due_on <= day + timedelta(days=policy.due_soon_days)
    if soon and item.due_soon_event_on is None and item.overdue_event_on is None:
        found.append("due_soon")
    if item.aged_on is not None and item.aged_on < day and item.aged_event_on is None:
        found.append("six_months")
    return found


def days_to_close(last_closed: date | None, first_day: date, wanted: date) -> list[date]:
    """The missed days in order, the wanted one last; a day that was closed may be closed again (it is idempotent in effect)."""
    start = min(wanted, (last_closed + timedelta(days=1)) if last_closed else first_day)
    return [start + timedelta(days=number) for number in range((wanted - start).days + 1)]
