"""CL-34: the contact rules, second by second."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from collection_service.domain.compliance.content import forbidden_spans
from collection_service.domain.compliance.engine import evaluate
from collection_service.domain.compliance.facts import History, Known, Past, Verdict, Wish
from collection_service.domain.compliance.rulesets import presets, rulesets_for
from hypothesis import given
from hypothesis import strategies as st
from shared.values.calendar import WorkingCalendar, china_calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
PERSON = UUID(int=5)
WISH = Wish(UUID(int=1), UUID(int=2), PERSON, UUID(int=4), "CALL", "REMIND", "call-1")
COMPANY = Known("company", "FINANCE", "Asia/Shanghai", 10_000_000, "ACTIVE")
PRIVATE = replace(COMPANY, legal_form="natural_person", role="SELF")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def check(when: str, known: Known = COMPANY, past: Sequence[Past] = (), wish: Wish = WISH, **more: Any) -> Verdict:
    history = History(past, more.pop("same_number", ()))
    return evaluate(wish, known, history, more.pop("calendar", china_calendar()), at(when))


def codes(verdict: Verdict) -> list[str]:
    return [reason["code"] for reason in verdict.reasons]


def call(when: str, *, effective: bool = True, channel: str = "CALL", number: bytes | None = None) -> Past:
    return Past(at(when), channel, effective, PERSON, number)


@pytest.mark.parametrize(
    ("when", "expected", "retry_at"),
    [
        ("2026-05-07T08:29:59", ["OUTSIDE_HOURS"], "2026-05-07T08:30:00"),
        ("2026-05-07T08:30:00", [], None),
        ("2026-05-07T17:59:59", [], None),
        ("2026-05-07T18:00:00", ["OUTSIDE_HOURS"], "2026-05-08T08:30:00"),
        ("2026-05-08T18:00:00", ["OUTSIDE_HOURS"], "2026-05-09T08:30:00"),
        ("2026-05-15T18:00:00", ["OUTSIDE_HOURS"], "2026-05-18T08:30:00"),
        ("2026-05-16T10:00:00", ["NON_WORKING_DAY"], "2026-05-18T08:30:00"),
        ("2026-05-16T20:00:00", ["NON_WORKING_DAY", "OUTSIDE_HOURS"], "2026-05-18T08:30:00"),
        ("2026-05-01T10:00:00", ["NON_WORKING_DAY"], "2026-05-06T08:30:00"),
        ("2026-05-09T10:00:00", [], None),
        ("2026-02-14T10:00:00", [], None),
    ],
)
def test_hours_and_working_days_of_companies(when: str, expected: list[str], retry_at: str | None) -> None:
    """CL-34 (CN_B2B): half-open hours; Friday evening → Monday; holiday; make-up Saturdays (9 May, 14 February 2026)."""
    verdict = check(when)
    assert codes(verdict) == expected
    assert verdict.allow == (not expected)
    assert verdict.retry_at == (at(retry_at) if retry_at else None)


@pytest.mark.parametrize(("when", "allowed"), [("21:59:59", True), ("22:00:00", False), ("07:59:59", False), ("08:00:00", True)])
def test_hours_of_natural_persons(when: str, allowed: bool) -> None:
    """CL-34 (GB/T 45251): 22:00–08:00 is the night, on Sundays too."""
    assert check(f"2026-05-17T{when}", PRIVATE).allow == allowed


def test_a_year_without_a_calendar_refuses_only_contacts_in_it() -> None:
    """CL-34: `CALENDAR_MISSING`, and no time heals it."""
    verdict = check("2031-05-07T10:00:00")
    assert (codes(verdict), verdict.retry_at) == (["CALENDAR_MISSING"], None)
    assert check("2031-05-07T10:00:00", PRIVATE).allow


def test_one_conversation_a_day() -> None:
    """CL-34 (CN_B2B): after an effective call, the next working day; ringing out leaves the day open."""
    verdict = check("2026-05-15T15:00:00", past=[call("2026-05-15T10:00:00")])
    assert codes(verdict) == ["FREQ_EFFECTIVE_DAY"]
    assert verdict.reasons[0]["retry_at"] == at("2026-05-16T00:00:00")
    assert verdict.retry_at == at("2026-05-18T08:30:00"), "the first instant at which every timed rule passes"
    assert check("2026-05-15T15:00:00", past=[call("2026-05-15T10:00:00", effective=False)]).allow


def test_the_fourth_dial_of_a_day_is_refused() -> None:
    """CL-34: 3 dials a day, whatever came of them."""
    dials = [call(f"2026-05-07T{hour}:00:00", effective=False) for hour in ("09", "11", "14")]
    assert check("2026-05-07T16:00:00", past=dials[:2]).allow
    assert codes(check("2026-05-07T16:00:00", past=dials)) == ["FREQ_DIALS_DAY"]


def test_three_conversations_a_week_from_monday() -> None:
    """CL-34: Monday to Sunday in the person's zone."""
    week = [call(f"2026-05-{day}T10:00:00") for day in ("11", "12", "13")]
    verdict = check("2026-05-14T10:00:00", past=week)
    assert (codes(verdict), verdict.retry_at) == (["FREQ_WEEK"], at("2026-05-18T08:30:00"))
    assert check("2026-05-18T10:00:00", past=week).allow


def test_two_messages_a_week() -> None:
    """CL-34: SMS have a limit of their own and do not count as calls."""
    sent = [call(f"2026-05-{day}T10:00:00", channel="SMS", effective=False) for day in ("11", "12")]
    message = replace(WISH, channel="SMS", text="请核对账单")
    assert codes(check("2026-05-13T10:00:00", past=sent, wish=message)) == ["FREQ_WEEK"]
    assert check("2026-05-13T10:00:00", past=sent).allow


def test_a_number_shared_by_two_debtors_counts_across_customers() -> None:
    """CL-34 (CBA): six dials a day per number."""
    dials = [call(f"2026-05-07T{hour:02d}:00:00", effective=False, number=b"n") for hour in range(8, 14)]
    assert codes(check("2026-05-07T15:00:00", PRIVATE, same_number=dials)) == ["FREQ_DIALS_DAY"]
    assert check("2026-05-07T15:00:00", PRIVATE, same_number=dials[:5]).allow


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"pursued_fen": 0}, "NOTHING_DUE"),
        ({"case_state": "CLOSED"}, "NOTHING_DUE"),
        ({"promise_open": True}, "PROMISE_PENDING"),
        ({"plan_current": True}, "PLAN_CURRENT"),
        ({"case_state": "LEGAL"}, "LEGAL_STAGE"),
        ({"pauses": ("COMPLAINT",)}, "COMPLAINT_OPEN"),
        ({"pauses": ("DISPUTE",)}, "DISPUTE_OPEN"),
        ({"pauses": ("CEASE",)}, "CEASE_REQUESTED"),
        ({"pauses": ("INSOLVENCY",)}, "INSOLVENCY"),
        ({"pauses": ("MANUAL",)}, "CASE_PAUSED"),
        ({"pauses": ("HARDSHIP",)}, "CASE_PAUSED"),
        ({"role": "RELATED"}, "THIRD_PARTY_FORBIDDEN"),
        ({"role": None}, "CONTACT_ROLE_UNKNOWN"),
        ({"refused": True}, "THIRD_PARTY_REFUSED"),
        ({"opted_out": frozenset({"CALL"})}, "CHANNEL_OPTED_OUT"),
        ({"verified": False}, "CONTACT_UNVERIFIED"),
        ({"point_valid": False}, "CONTACT_UNVERIFIED"),
        ({"zone": None}, "TIMEZONE_UNKNOWN"),
    ],
)
def test_what_refuses_at_any_hour(change: dict[str, Any], expected: str) -> None:
    """CL-34: each standing rule alone, and no time heals it."""
    verdict = check("2026-05-07T10:00:00", replace(COMPANY, **change))
    assert (codes(verdict), verdict.retry_at) == ([expected], None)


def test_all_failing_rules_at_once() -> None:
    """CL-34: hours, frequency and a complaint together; null at the top because one does not heal by time."""
    verdict = check("2026-05-07T22:01:00", replace(COMPANY, pauses=("COMPLAINT",)), [call("2026-05-07T10:00:00")])
    assert codes(verdict) == ["OUTSIDE_HOURS", "FREQ_EFFECTIVE_DAY", "COMPLAINT_OPEN"]
    assert verdict.retry_at is None


def test_a_call_needs_its_script() -> None:
    """CL-34."""
    assert codes(check("2026-05-07T10:00:00", wish=replace(WISH, template_version=None))) == ["IDENTITY_SCRIPT_MISSING"]


@pytest.mark.parametrize("text", ["我们会通知您的家人", "再不还就媒体曝光", "小心拘留坐牢", "上门堵你", "另收额外费用", "公安人员"])
def test_coercive_words_are_refused(text: str) -> None:
    """CL-34 (催款兵法): with the matched words."""
    verdict = check("2026-05-07T10:00:00", wish=replace(WISH, text=text))
    assert codes(verdict)[0] == "CONTENT_FORBIDDEN"
    assert verdict.reasons[0]["span"] in text
    assert forbidden_spans("请于本周五前付款，谢谢") == []


def test_letters_know_no_night() -> None:
    """CL-24: hours apply to voice, SMS, WeChat and visits only."""
    assert check("2026-05-07T23:00:00", wish=replace(WISH, channel="LETTER")).allow


def test_presets_are_chosen_per_person() -> None:
    """CL-34: a guarantor of a company is a natural person; an unknown legal form gets all of them."""
    day = date(2026, 5, 7)
    names = lambda form, role: [ruleset.name for ruleset in rulesets_for(form, role, day)]  # noqa: E731
    assert names("company", "FINANCE") == ["CN_B2B"]
    assert names("company", "GUARANTOR") == ["CN_GBT45251", "CN_CBA"]
    assert names("sole_trader", "SELF") == ["CN_GBT45251", "CN_CBA"]
    assert names(None, "SELF") == ["CN_B2B", "CN_GBT45251", "CN_CBA"]
    assert rulesets_for("company", "FINANCE", date(2020, 1, 1)) == [], "not in effect yet"
    assert set(presets()) == {"CN_B2B", "CN_GBT45251", "CN_CBA"}


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 30)), st.sampled_from([COMPANY, PRIVATE]))
def test_retry_at_is_the_first_instant_that_passes(when: datetime, known: Known) -> None:
    """CL-34: allowed then, refused a second before."""
    now = when.replace(tzinfo=UTC)
    verdict = evaluate(WISH, known, History(), china_calendar(), now)
    if verdict.allow:
        return
    assert verdict.retry_at is not None
    assert verdict.retry_at > now
    assert evaluate(WISH, known, History(), china_calendar(), verdict.retry_at).allow
    assert not evaluate(WISH, known, History(), china_calendar(), verdict.retry_at - timedelta(seconds=1)).allow


def test_without_a_calendar_nobody_in_a_company_is_called() -> None:
    """CL-34: unknown calendar → deny."""
    assert codes(check("2026-05-07T10:00:00", calendar=WorkingCalendar())) == ["CALENDAR_MISSING"]
