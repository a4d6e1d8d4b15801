"""What the engine is told: the wish, and everything known about case, person, point and history."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

VOICE = frozenset({"CALL"})
TIMED = frozenset({"CALL", "SMS", "WECHAT", "VISIT"})
Reason = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """One contact that somebody wants to make."""

    case_id: UUID
    customer_id: UUID
    person_id: UUID
    contact_point_id: UUID
    channel: str
    purpose: str
    template_version: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The state of things. Amounts in fen; `zone` is the person's time zone, None when unknown."""

    legal_form: str | None
    role: str | None
    zone: str | None
    pursued_fen: int
    case_state: str
    promise_open: bool = False
    plan_current: bool = False
    pauses: tuple[str, ...] = ()
    complaint: Reason | None = None
    verified: bool = True
    point_valid: bool = True
    point_fits_channel: bool = True
    opted_out: frozenset[str] = frozenset()
    refused: bool = False
    ledger_version: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier attempt: reserved and started ones count as effective until their outcome is stored."""

    at: datetime
    channel: str
    effective: bool
    person_id: UUID
    number_idx: bytes | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Earlier attempts to this customer's people, and to this number across all customers."""

    attempts: Sequence[Past] = ()
    same_number: Sequence[Past] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allowed or not; every failing rule with its own `retry_at`, the top one being the first instant at which all pass."""

    allow: bool
    ruleset: str
    reasons: list[Reason] = field(default_factory=list)
    retry_at: datetime | None = None
    obligations: list[str] = field(default_factory=list)
