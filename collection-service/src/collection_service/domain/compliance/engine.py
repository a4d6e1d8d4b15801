"""`evaluate`: all failing rules at once, when it would be allowed, and what the caller must then do."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.values.calendar import WorkingCalendar

from collection_service.domain.compliance.facts import History, Known, Reason, Verdict, Wish
from collection_service.domain.compliance.rulesets import Ruleset, rulesets_for
from collection_service.domain.compliance.standing import standing_reasons
from collection_service.domain.compliance.timed import first_free, timed_reasons

LONGEST_SEARCH = 60


def evaluate(wish: Wish, known: Known, history: History, calendar: WorkingCalendar, now: datetime) -> Verdict:
    """Whether the contact is allowed at `now`. An unknown time zone, role, calendar or ruleset refuses."""
    if known.zone is None:
        return _refused("", [{"code": "TIMEZONE_UNKNOWN", "rule_id": "core.timezone", "retry_at": None}])
    zone = ZoneInfo(known.zone)
    rulesets = rulesets_for(known.legal_form, known.role or "", now.astimezone(zone).date())
    name = "+".join(ruleset.id for ruleset in rulesets)
    if not rulesets:
        return _refused(name, [{"code": "RULESET_MISSING", "rule_id": "core.ruleset", "retry_at": None}])
    timed = _timed(wish, history, rulesets, calendar, now, zone)
    reasons = _distinct([*timed, *(reason for ruleset in rulesets for reason in standing_reasons(wish, known, ruleset))])
    if reasons:
        retry_at = _first_free(wish, history, rulesets, calendar, reasons, zone)
        return Verdict(False, name, reasons, retry_at)
    obligations = dict.fromkeys(duty for ruleset in rulesets for duty in ruleset.obligations)
    return Verdict(True, name, obligations=list(obligations))


def _refused(name: str, reasons: list[Reason]) -> Verdict:
    return Verdict(False, name, reasons)


def _timed(
    wish: Wish, history: History, rulesets: Sequence[Ruleset], calendar: WorkingCalendar, at: datetime, zone: ZoneInfo
) -> list[Reason]:
    return [reason for ruleset in rulesets for reason in timed_reasons(wish, history, ruleset, calendar, at, zone)]


def _first_free(
    wish: Wish,
    history: History,
    rulesets: Sequence[Ruleset],
    calendar: WorkingCalendar,
    reasons: list[Reason],
    zone: ZoneInfo,
) -> datetime | None:
    """Step from one `retry_at` to the next until every timed rule passes; None when something does not heal by time."""
    at = first_free(reasons)
    for _ in range(LONGEST_SEARCH):
        if at is None:
            return None
        left = _timed(wish, history, rulesets, calendar, at, zone)
        if not left:
            return at
        at = first_free(left)
    return None


def _distinct(reasons: list[Reason]) -> list[Reason]:
    """The same code of the same rule once."""
    return list({(reason["code"], reason["rule_id"], reason.get("span")): reason for reason in reasons}.values())
