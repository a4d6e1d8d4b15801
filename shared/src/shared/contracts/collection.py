"""What collection-service publishes about its cases."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from shared.contracts.event import Event
from shared.contracts.fields import Fen, Shared200, on_wire

CT = "credit ticket"


class CaseOpened(Event, type="collection.case.opened.v1", aggregate="case", consumers=CT):
    """An overdue customer has a case (CL-21)."""

    case_id: UUID
    number: str
    stage: str
    risk_tier: str
    amount_fen: Fen


class CaseReopened(Event, type="collection.case.reopened.v1", aggregate="case", consumers=CT):
    """A reversal opened an item of a closed case again (CL-21)."""

    case_id: UUID
    cause: str


class CaseAssigned(Event, type="collection.case.assigned.v1", aggregate="case", consumers=""):
    """The case has a collector (CL-21)."""

    case_id: UUID
    collector_id: UUID


class CaseStageChanged(Event, type="collection.case.stage_changed.v1", aggregate="case", consumers="credit"):
    """Another stage by the days past due (CL-22)."""

    case_id: UUID
    old: str
    new: str


class CasePaused(Event, type="collection.case.paused.v1", aggregate="case", consumers=CT):
    """Outreach stops for a reason and a time (CL-21)."""

    case_id: UUID
    pause_id: UUID
    kind: Literal["COMPLAINT", "DISPUTE", "CEASE", "INSOLVENCY", "HARDSHIP", "MANUAL"]
    receivable_ids: list[UUID] = Shared200
    from_on: date
    to_on: date
    source_ref: str | None


class CaseResumed(Event, type="collection.case.resumed.v1", aggregate="case", consumers=CT):
    """A supervisor ended a pause (CL-21)."""

    case_id: UUID
    pause_id: UUID
    decided_by: UUID


class CaseClosed(Event, type="collection.case.closed.v1", aggregate="case", consumers="credit survey"):
    """Nothing of the case is open (CL-21, CL-45)."""

    case_id: UUID
    outcome: Literal["PAID", "WRITTEN_OFF", "CANCELLED"]
    recovered_fen: Fen
    max_stage: str
    contact_person_id: UUID | None
    review: str | None


class ContactAttempted(Event, type="collection.contact.attempted.v1", aggregate="case", consumers="credit"):
    """An attempt ended with its outcome (CL-23, CL-25)."""

    case_id: UUID
    attempt_id: UUID
    channel: str
    direction: Literal["OUTBOUND", "INBOUND"]
    outcome: str
    at: datetime


class ComplianceRefused(Event, type="collection.compliance.refused.v1", aggregate="case", consumers="survey"):
    """The engine refused a check or an attempt (CL-34)."""

    case_id: UUID
    decision_id: UUID
    reasons: list[dict[str, Any]] = Shared200
    rule_ids: list[str] = Shared200
    collector_id: UUID


class PromiseMade(Event, type="collection.promise.made.v1", aggregate="case", consumers=CT):
    """The debtor promised to pay (付款承诺, CL-30)."""

    promise_id: UUID
    case_id: UUID
    amount_fen: Fen
    promised_on: date
    deadline_on: date


class PromiseKept(Event, type="collection.promise.kept.v1", aggregate="case", consumers=CT):
    """At least 99 % came in time (CL-30)."""

    promise_id: UUID
    case_id: UUID
    amount_fen: Fen
    paid_fen: Fen


class PromiseBroken(Event, type="collection.promise.broken.v1", aggregate="case", consumers=CT):
    """Partly or nothing came in time, announced once (破坏付款承诺, CR-24, CR-68, CL-30)."""

    promise_id: UUID
    case_id: UUID
    outcome: Literal["partial", "broken"]
    amount_fen: Fen
    paid_fen: Fen
    promised_on: date


class PromiseCorrected(Event, type="collection.promise.corrected.v1", aggregate="case", consumers=CT):
    """A verdict that a later posting or a reversal changed (CL-30)."""

    promise_id: UUID
    from_state: str = on_wire("from")
    to_state: str = on_wire("to")
    reason: Literal["late_posting", "reversal"]


class PromiseCancelled(Event, type="collection.promise.cancelled.v1", aggregate="case", consumers=CT):
    """A supervisor took the promise off (CL-30)."""

    promise_id: UUID
    reason: str


class CustomerLostContact(Event, type="collection.customer.lost_contact.v1", aggregate="case", consumers="credit survey ticket"):
    """Three failed attempts on every verified point (失联, CL-28)."""

    case_id: UUID
    attempts: int


class ContactPointInvalidated(Event, type="collection.contact_point.invalidated.v1", aggregate="contact_point", consumers=CT):
    """A number that reaches somebody else (CL-27)."""

    contact_point_id: UUID
    person_id: UUID
    kind: str
