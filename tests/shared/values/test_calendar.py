"""G-27: business days, months with clipping, quarters, working days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.values.calendar import WorkingCalendar, add_months, business_day, china_calendar, quarter_of


def test_the_business_day_is_the_one_in_shanghai() -> None:
    """G-27: 2025-03-31T16:30Z is 1 April there, and so in the second quarter."""
    day = business_day(datetime(2025, 3, 31, 16, 30, tzinfo=UTC))
    assert day == date(2025, 4, 1)
    assert quarter_of(day) == (date(2025, 4, 1), date(2025, 6, 30))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2025, 8, 31), 6, date(2026, 2, 28)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2025, 12, 15), 1, date(2026, 1, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -12, date(2025, 1, 15)),
    ],
)
def test_months_are_calendar_months_clipped_to_the_last_day(day: date, months: int, expected: date) -> None:
    """CL-05: shipped 31 August, six months later is the last day of February."""
    assert add_months(day, months) == expected


@given(st.dates(date(1992, 1, 1), date(2100, 1, 1)), st.integers(-120, 120))
def test_adding_months_lands_in_the_right_month_on_no_later_day(day: date, months: int) -> None:
    later = add_months(day, months)
    assert later.year * 12 + later.month == day.year * 12 + day.month + months
    assert later.day <= day.day
    assert later.day == day.day or (later + timedelta(days=1)).month != later.month


def test_holidays_and_make_up_days_come_from_the_notice() -> None:
    calendar = china_calendar()
    assert not calendar.is_working_day(date(2026, 2, 17))
    assert calendar.is_working_day(date(2026, 2, 14))
    assert calendar.is_announced(date(2026, 12, 31))
    assert not calendar.is_announced(date(2031, 1, 1))


def test_a_year_without_a_notice_goes_by_the_weekly_pattern() -> None:
    calendar = WorkingCalendar()
    assert calendar.is_working_day(date(2031, 10, 1))
    assert not calendar.is_working_day(date(2031, 10, 4))


def test_working_days_are_counted_after_the_day() -> None:
    calendar = china_calendar()
    friday = date(2026, 3, 6)
    assert calendar.add_working_days(friday, 0) == friday
    assert calendar.add_working_days(friday, 2) == date(2026, 3, 10)
    assert calendar.next_working_day(date(2026, 3, 7)) == date(2026, 3, 9)
