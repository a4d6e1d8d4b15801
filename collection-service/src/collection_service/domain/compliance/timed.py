"""Rules that time heals: hours, working days, frequency. Each says when it would pass."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.values.calendar import WorkingCalendar

from collection_service.domain.compliance.facts import TIMED, VOICE, History, Past, Reason, Wish
from collection_service.domain.compliance.rulesets import Frequency, Hours, Ruleset


def timed_reasons(
    wish: Wish, history: History, ruleset: Ruleset, calendar: WorkingCalendar, now: datetime, zone: ZoneInfo
) -> Iterator[Reason]:
    """What refuses now and would pass later."""
    if wish.channel in TIMED:
        yield from _hours(ruleset.hours, calendar, now.astimezone(zone))
    for rule in ruleset.frequency:
        if _is_counted(rule, wish.channel):
            yield from _frequency(rule, wish.person_id, history, now.astimezone(zone))


def _hours(hours: Hours, calendar: WorkingCalendar, local: datetime) -> Iterator[Reason]:
    window = f"{hours.opens:%H:%M}-{hours.closes:%H:%M} {local.tzinfo}"
    if hours.working_days_only and not calendar.is_announced(local.date()):
        yield {"code": "CALENDAR_MISSING", "rule_id": hours.rule_id, "year": local.year, "retry_at": None}
        return
    opening = _next_opening(hours, calendar, local)
    if hours.working_days_only and not calendar.is_working_day(local.date()):
        yield {"code": "NON_WORKING_DAY", "rule_id": hours.rule_id, "window": window, "retry_at": opening}
    if not hours.opens <= local.time() < hours.closes:
        yield {"code": "OUTSIDE_HOURS", "rule_id": hours.rule_id, "window": window, "retry_at": opening}


def _next_opening(hours: Hours, calendar: WorkingCalendar, local: datetime) -> datetime:
    """The next opening second of a permitted day."""
    day = local.date() if local.time() < hours.opens else local.date() + timedelta(days=1)
    if hours.working_days_only:
        day = calendar.next_working_day(day)
    return datetime.combine(day, hours.opens, local.tzinfo)


def _is_counted(rule: Frequency, channel: str) -> bool:
    return channel == "SMS" if rule.counts == "sms" else channel in VOICE


def _frequency(rule: Frequency, person_id: UUID, history: History, local: datetime) -> Iterator[Reason]:
    start, end = _window(rule, local.date())
    past = history.same_number if rule.per == "number" else [found for found in history.attempts if found.person_id == person_id]
    count = sum(start <= found.at.astimezone(local.tzinfo).date() < end and _counts(rule, found) for found in past)
    if count >= rule.limit:
        retry_at = datetime.combine(end, time.min, local.tzinfo)
        yield {"code": rule.code, "rule_id": rule.rule_id, "count": count, "limit": rule.limit, "retry_at": retry_at}


def _window(rule: Frequency, day: date) -> tuple[date, date]:
    if rule.window == "day":
        return day, day + timedelta(days=1)
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)


def _counts(rule: Frequency, past: Past) -> bool:
    if rule.counts == "sms":
        return past.channel == "SMS"
    return past.channel in VOICE and (rule.counts == "dials" or past.effective)


def first_free(reasons: Sequence[Reason]) -> datetime | None:
    """The latest `retry_at`, or None when some reason has none."""
    instants = [reason["retry_at"] for reason in reasons]
    return None if None in instants or not instants else max(instants)
