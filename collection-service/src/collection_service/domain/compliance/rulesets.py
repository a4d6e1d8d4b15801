"""Rulesets: versioned data with effective dates, chosen per person contacted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from importlib.resources import files
from typing import Any, Literal

COMPANY_FORMS = frozenset({"company", "public_body"})
PERSONAL_FORMS = frozenset({"natural_person", "sole_trader"})
PERSONAL_ROLES = frozenset({"GUARANTOR"})


@dataclass(frozen=True, slots=True)
class Hours:
    """When voice, SMS, WeChat and visits are allowed: [opens, closes) in the person's local time."""

    opens: time
    closes: time
    working_days_only: bool
    rule_id: str


@dataclass(frozen=True, slots=True)
class Frequency:
    """At most `limit` of what is counted, per person or number, in a local day or a week from Monday."""

    code: str
    counts: Literal["effective", "dials", "sms"]
    per: Literal["person", "number"]
    window: Literal["day", "week"]
    limit: int
    rule_id: str


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One preset in one version."""

    name: str
    version: str
    effective_from: date
    hours: Hours
    frequency: tuple[Frequency, ...]
    third_parties: frozenset[str]
    obligations: tuple[str, ...]

    @property
    def id(self) -> str:
        """Name and version, as decisions store it."""
        return f"{self.name}@{self.version}"


def parse(document: dict[str, Any]) -> Ruleset:
    """A ruleset from its JSON. Errors: `KeyError`, `ValueError` when something is missing or malformed."""
    hours = document["hours"]
    opening = (time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"]))
    return Ruleset(
        document["name"],
        document["version"],
        date.fromisoformat(document["effective_from"]),
        Hours(*opening, hours["working_days_only"], hours["rule_id"]),
        tuple(Frequency(**rule) for rule in document["frequency"]),
        frozenset(document["third_parties"]),
        tuple(document["obligations"]),
    )


@cache
def presets() -> dict[str, Ruleset]:
    """The shipped presets by name."""
    folder = files("collection_service.domain.compliance") / "presets"
    found = [parse(json.loads(path.read_text())) for path in folder.iterdir() if path.name.endswith(".json")]
    return {ruleset.name: ruleset for ruleset in found}


def rulesets_for(legal_form: str | None, role: str, day: date) -> Sequence[Ruleset]:
    """Acting for a company: CN_B2B; a natural person, sole trader or guarantor: GB/T 45251 with the CBA overlay;
    an unknown legal form: all of them, the strictest wins. Only those in effect on the day."""
    personal = legal_form in PERSONAL_FORMS or role in PERSONAL_ROLES
    names = ["CN_GBT45251", "CN_CBA"] if personal else ["CN_B2B"]
    if legal_form not in COMPANY_FORMS | PERSONAL_FORMS:
        names = ["CN_B2B", "CN_GBT45251", "CN_CBA"]
    return [ruleset for name in names if (ruleset := presets()[name]).effective_from <= day]
