"""Rules that only a change of facts heals: nothing due, promise pending, pauses, opt-outs, roles, verification, words."""

from collections.abc import Iterator

from collection_service.domain.compliance.content import forbidden_spans
from collection_service.domain.compliance.facts import Known, Reason, Wish
from collection_service.domain.compliance.rulesets import Ruleset

PAUSE_CODES = {
    "COMPLAINT": "COMPLAINT_OPEN",
    "DISPUTE": "DISPUTE_OPEN",
    "CEASE": "CEASE_REQUESTED",
    "INSOLVENCY": "INSOLVENCY",
}
VERIFY = "VERIFY"


def standing_reasons(wish: Wish, known: Known, ruleset: Ruleset) -> Iterator[Reason]:
    """What refuses whatever the hour."""
    for code in (*_about_case(wish, known), *_about_person(wish, known, ruleset), *_about_words(wish)):
        yield {"code": code, "rule_id": f"core.{code.lower()}", "retry_at": None}
    if known.complaint is not None:
        yield {"code": "COMPLAINT_OPEN", "rule_id": "core.complaint", "retry_at": None} | known.complaint
    for span in forbidden_spans(wish.text or ""):
        yield {"code": "CONTENT_FORBIDDEN", "rule_id": "core.content", "span": span, "retry_at": None}


def _about_case(wish: Wish, known: Known) -> Iterator[str]:
    if known.case_state == "CLOSED" or (known.pursued_fen <= 0 and wish.purpose != VERIFY):
        yield "NOTHING_DUE"
    if known.promise_open:
        yield "PROMISE_PENDING"
    if known.plan_current:
        yield "PLAN_CURRENT"
    if known.case_state == "LEGAL" and wish.purpose != "LEGAL_NOTICE":
        yield "LEGAL_STAGE"
    yield from dict.fromkeys(PAUSE_CODES.get(kind, "CASE_PAUSED") for kind in known.pauses)


def _about_person(wish: Wish, known: Known, ruleset: Ruleset) -> Iterator[str]:
    if known.role is None:
        yield "CONTACT_ROLE_UNKNOWN"
    elif known.role not in ruleset.third_parties:
        yield "THIRD_PARTY_FORBIDDEN"
    if known.refused:
        yield "THIRD_PARTY_REFUSED"
    if wish.channel in known.opted_out:
        yield "CHANNEL_OPTED_OUT"
    if wish.purpose != VERIFY and not (known.verified and known.point_valid):
        yield "CONTACT_UNVERIFIED"
    if not known.point_fits_channel:
        yield "CHANNEL_OPTED_OUT"


def _about_words(wish: Wish) -> Iterator[str]:
    if not wish.template_version and not wish.text:
        yield "IDENTITY_SCRIPT_MISSING"
