"""What credit-service publishes about customers, applications and contracts. The account's events: `credit_account`."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.contracts.event import Event
from shared.contracts.fields import Fen, Sealed, Shared200, on_wire

CustomerType = Literal["dealer", "retailer", "oem_factory", "consumer", "franchisee", "owner_tenant"]
LegalForm = Literal["company", "sole_trader", "natural_person", "public_body"]
PointKind = Literal["PHONE", "MOBILE", "WECHAT", "EMAIL", "ADDRESS"]
ContactRole = Literal["SELF", "FINANCE", "LEGAL_REP", "BUYER", "GUARANTOR", "ATTORNEY", "RELATED", "UNRELATED"]
LineKind = Literal["NEW", "INCREASE", "DECREASE", "TERM", "UNRATED", "EXCEPTION", "BELOW_GRADE"]


class ContactPointBlock(BaseModel):
    """One number or address of a person (联系方式)."""

    contact_point_id: UUID
    kind: PointKind
    value: Sealed
    verified_at: datetime | None
    source: str


class ContactPersonBlock(BaseModel):
    """A human being whom we may talk to for a customer (联系人)."""

    person_id: UUID
    role: ContactRole
    name: Sealed
    contact_points: list[ContactPointBlock] = Shared200
    language: str
    birthday: Sealed | None
    preferred_channel: str | None
    opted_out: list[str] = Shared200


class CustomerBlock(Event):
    """The full current file of a customer, as far as other services need it."""

    number: str
    name: Sealed
    legal_form: LegalForm
    customer_type: CustomerType = on_wire("type")
    status: Literal["prospect", "under_review", "active", "suspended", "archived"]
    customer_class: Literal["A", "B", "C", "D"] | None = on_wire("class")
    service_level: int | None
    key_account: bool
    account_manager_id: UUID | None
    owner_id: UUID | None
    bill_to_id: UUID
    persons: list[ContactPersonBlock] = Shared200


class CustomerCreated(CustomerBlock, type="credit.customer.created.v1", aggregate="customer", consumers="ticket collection survey"):
    """A customer file was opened (CR-01, CR-06)."""


class CustomerUpdated(CustomerBlock, type="credit.customer.updated.v1", aggregate="customer", consumers="ticket collection survey"):
    """The file changed; the full block again, and which fields (CR-01, CR-14)."""

    changed: list[str] = Shared200


class ContractTerms(BaseModel):
    """What the contract says about paying."""

    valid_from: date
    valid_until: date
    clauses: int


class ContractEffective(Event, type="credit.contract.effective.v1", aggregate="contract", consumers="collection"):
    """Every clause passed the review (逐一审查, CR-15)."""

    contract_id: UUID
    terms: ContractTerms
    term_days: int


class LineRequested(Event, type="credit.line.requested.v1", aggregate="application", consumers=""):
    """The market department asks for a line (授信方案, CR-46)."""

    application_id: UUID
    kind: LineKind
    limit_fen: Fen
    term_days: int


class LineApproved(Event, type="credit.line.approved.v1", aggregate="application", consumers="ticket collection survey"):
    """The last approver agreed (CR-46, CR-49)."""

    application_id: UUID
    limit_fen: Fen
    term_days: int
    approver_id: UUID
    approved_at: datetime


class LineRejected(Event, type="credit.line.rejected.v1", aggregate="application", consumers="ticket survey"):
    """A step said no, with its reason (CR-46)."""

    application_id: UUID
    step: str
    reason: str
