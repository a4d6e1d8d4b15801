"""Business days, months and working days. Periods and business days are those of Asia/Shanghai."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import chinese_calendar

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


def business_day(now: datetime) -> date:
    """The calendar day in Asia/Shanghai of an instant."""
    return now.astimezone(BUSINESS_ZONE).date()


def add_months(day: date, months: int) -> date:
    """`n` calendar months later (or earlier), clipped to the month's last day: 31 Aug + 6 months = 28/29 Feb."""
    year, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    month = month_index + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def quarter_of(day: date) -> tuple[date, date]:
    """First and last day of the quarter that holds `day`."""
    first = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return first, add_months(first, 3) - timedelta(days=1)


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days are worked (工作日): a weekly pattern and the exceptions of the years that are announced."""

    version: str = "weekly"
    working_weekdays: frozenset[int] = frozenset(range(5))
    exceptions: Mapping[date, bool] = field(default_factory=dict)
    announced_years: frozenset[int] = frozenset()

    def is_announced(self, day: date) -> bool:
        """Whether the State Council's notice for that year is loaded; a contact on a day of another year is refused."""
        return day.year in self.announced_years

    def is_working_day(self, day: date) -> bool:
        """Holiday and make-up days first, else the weekly pattern (provisional for a year not yet announced)."""
        return self.exceptions.get(day, day.weekday() in self.working_weekdays)

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day` (`count` ≥ 0; 0 gives `day` itself)."""
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_working_day(day)
        return day

    def next_working_day(self, day: date) -> date:
        """The first working day on or after `day`."""
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day


@cache
def china_calendar() -> WorkingCalendar:
    """Holidays and make-up workdays as far as the State Council has announced them (library `chinesecalendar`)."""
    exceptions = dict.fromkeys(chinese_calendar.holidays, False) | dict.fromkeys(chinese_calendar.workdays, True)
    years = frozenset(day.year for day in exceptions)
    return WorkingCalendar(version=f"china-{max(years)}", exceptions=exceptions, announced_years=years)
