"""CL-03, CL-04, CL-05: due dates, aging, and what the close announces."""

from datetime import date, timedelta

import pytest
from credit_service.domain.aging import BUCKETS, bucket
from credit_service.domain.daily_close import OpenItem, announcements, days_to_close
from credit_service.domain.due_dates import aged_on, due_on, limitation_on
from credit_service.domain.policy import POLICY
from hypothesis import given
from hypothesis import strategies as st


def test_thirty_days_from_consumption_without_a_term() -> None:
    """CL-03: consumption 1 March → due 31 March; with a term of 60 days 30 April."""
    assert due_on(date(2026, 3, 1), None, POLICY) == date(2026, 3, 31)
    assert due_on(date(2026, 3, 1), 60, POLICY) == date(2026, 4, 30)


def test_six_calendar_months_from_shipment() -> None:
    """CL-05: shipped 31 August 2025, the last young day is 28 February 2026."""
    assert aged_on(date(2025, 8, 31)) == date(2026, 2, 28)


def test_three_years_of_limitation() -> None:
    """CL-03 (Civil Code 188): clipped on a leap day."""
    assert limitation_on(date(2024, 2, 29), POLICY) == date(2027, 2, 28)


@pytest.mark.parametrize(
    ("days", "name"),
    [(-5, "NOT_DUE"), (0, "NOT_DUE"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"), (90, "61-90"),
     (91, "91-180"), (180, "91-180"), (181, "181-365"), (365, "181-365"), (366, ">365")],
)  # fmt: skip
def test_buckets_by_days_past_due(days: int, name: str) -> None:
    """CL-04: the edges of every bucket."""
    assert bucket(date(2026, 5, 6) - timedelta(days), date(2026, 5, 6)) == name


@given(st.integers(-1000, 5000))
def test_every_item_has_one_bucket(days: int) -> None:
    """CL-04."""
    assert bucket(date(2026, 5, 6) - timedelta(days), date(2026, 5, 6)) in BUCKETS


def test_overdue_is_told_once_the_day_after() -> None:
    """CL-03: due 31 March: not on 31 March, on 1 April, and not again."""
    item = OpenItem(100, date(2026, 3, 31), due_soon_event_on=date(2026, 3, 28))
    assert announcements(item, date(2026, 3, 31), POLICY) == []
    assert announcements(item, date(2026, 4, 1), POLICY) == ["overdue"]
    told = OpenItem(100, date(2026, 3, 31), overdue_event_on=date(2026, 4, 1))
    assert announcements(told, date(2026, 4, 2), POLICY) == []


def test_an_item_posted_late_is_caught_by_the_next_close() -> None:
    """CL-03: idempotent in effect, not by the day."""
    assert announcements(OpenItem(100, date(2026, 3, 1)), date(2026, 5, 6), POLICY) == ["overdue"]


def test_due_soon_three_days_before() -> None:
    """CL-23: once, from three days before until the due day."""
    item = OpenItem(100, date(2026, 3, 31))
    assert announcements(item, date(2026, 3, 27), POLICY) == []
    assert announcements(item, date(2026, 3, 28), POLICY) == ["due_soon"]


def test_a_wholly_disputed_item_is_not_announced() -> None:
    """CL-19."""
    assert announcements(OpenItem(0, date(2026, 3, 1)), date(2026, 5, 6), POLICY) == []


def test_six_months_the_day_after() -> None:
    """CL-05: not on 28 February, on 1 March."""
    item = OpenItem(100, date(2026, 1, 1), date(2026, 2, 28), overdue_event_on=date(2026, 1, 2))
    assert announcements(item, date(2026, 2, 28), POLICY) == []
    assert announcements(item, date(2026, 3, 1), POLICY) == ["six_months"]


def test_missed_days_are_closed_in_order() -> None:
    """CL-03: the wanted day last; an earlier day may be closed again."""
    day = date(2026, 3, 5)
    assert days_to_close(date(2026, 3, 2), day, day) == [date(2026, 3, 3), date(2026, 3, 4), day]
    assert days_to_close(day, day, day) == [day]
    assert days_to_close(None, day, day) == [day]
