"""What credit-service publishes about a customer's account: one gap-free sequence per customer ledger."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from shared.contracts.event import Event, Fact
from shared.contracts.fields import Fen, Shared200

Reason = dict[str, Any]
ReceivableKind = Literal[
    "trade",
    "deposit",
    "on_account",
    "property_fee",
    "rent_bill",
    "compensation",
    "fine",
    "employee_advance",
    "refund_clawback",
    "other",
]
TCS = "ticket collection survey"


class LineEffective(Event, type="credit.line.effective.v1", aggregate="account", consumers="ticket collection"):
    """A line counts from now on (CR-54)."""

    line_id: UUID
    limit_fen: Fen
    term_days: int
    effective_from: date
    valid_until: date


class LineFrozen(Event, type="credit.line.frozen.v1", aggregate="account", consumers="ticket collection"):
    """The line stands still (CR-71)."""

    line_id: UUID
    reasons: list[str] = Shared200


class LineUnfrozen(Event, type="credit.line.unfrozen.v1", aggregate="account", consumers="ticket collection"):
    """The line counts again; the reasons that remain."""

    line_id: UUID
    reasons: list[str] = Shared200


class OrderPassed(Event, type="credit.order.passed.v1", aggregate="account", consumers="ticket survey"):
    """The order check approved and holds the amount (CR-56, CR-57)."""

    order_ref: str
    hold_id: UUID
    amount_fen: Fen
    stage: str


class OrderTrimmed(Event, type="credit.order.trimmed.v1", aggregate="account", consumers="ticket survey"):
    """The order was reduced to what is available (裁减, CR-57)."""

    order_ref: str
    hold_id: UUID
    asked_fen: Fen
    approved_fen: Fen


class OrderHeld(Event, type="credit.order.held.v1", aggregate="account", consumers="ticket"):
    """The order waits or is to be prepaid (暂停, CR-56, CR-57)."""

    order_ref: str
    verdict: Literal["SUSPENDED", "PREPAY"]
    reasons: list[Reason] = Shared200


class HoldExpired(Event, type="credit.hold.expired.v1", aggregate="account", consumers="ticket"):
    """A hold ended by time and gave its rest back (CR-56)."""

    hold_id: UUID
    order_ref: str
    released_fen: Fen


class ShipmentReleased(Event, type="credit.shipment.released.v1", aggregate="account", consumers="ticket collection"):
    """The goods may leave (审批放行, CR-58)."""

    order_ref: str
    shipment_ref: str
    amount_fen: Fen
    released_by: UUID


class ShipmentBlocked(Event, type="credit.shipment.blocked.v1", aggregate="account", consumers="ticket collection"):
    """The goods may not leave, or a live release was revoked (不予审批放行, CR-58)."""

    order_ref: str
    shipment_ref: str | None
    reasons: list[Reason] = Shared200


class ExposureExceeded(Event, type="credit.exposure.exceeded.v1", aggregate="account", consumers="collection"):
    """Exposure rose above the limit after the checks, with its one recorded cause (CR-62, I9)."""

    amount_fen: Fen
    reason: Literal["limit_cut", "reversal", "bill_dishonoured", "interest", "unreleased_shipment", "exception"]


class ViolationRecorded(Event, type="credit.violation.recorded.v1", aggregate="account", consumers="survey"):
    """Somebody acted against the credit rules (擅自下单, 越权审批: CR-61, CR-63)."""

    kind: str
    person_id: UUID
    amount_fen: Fen


class CustomerCleared(Event, type="credit.customer.cleared.v1", aggregate="account", consumers="collection ticket"):
    """Nothing is open any more (结清, CL-13)."""

    cleared_at: datetime


class ReceivableState(Event):
    """The absolute state of a receivable after the change."""

    receivable_id: UUID
    ref: str
    kind: ReceivableKind
    amount_fen: Fen
    open_fen: Fen
    disputed_fen: Fen
    shipped_on: date | None
    due_on: date
    order_ref: str | None


class ReceivableCreated(ReceivableState, type="credit.receivable.created.v1", aggregate="account", consumers=TCS):
    """A debt arose (CL-01)."""


class ReceivableDueSoon(ReceivableState, type="credit.receivable.due_soon.v1", aggregate="account", consumers="collection"):
    """Due within three days (CL-03, CL-23)."""

    as_of: date


class ReceivableOverdue(ReceivableState, type="credit.receivable.overdue.v1", aggregate="account", consumers="collection ticket"):
    """Past due at the close of `as_of`, announced once (逾期, CL-03)."""

    as_of: date
    dpd: int


class ReceivableSixMonthsUnpaid(
    ReceivableState, type="credit.receivable.six_months_unpaid.v1", aggregate="account", consumers="collection"
):
    """Not paid six calendar months after delivery (6个月未回款, CL-05)."""

    as_of: date


class ReceivableBalanceChanged(
    ReceivableState, type="credit.receivable.balance_changed.v1", aggregate="account", consumers="collection"
):
    """Another open or disputed amount (CL-13, CL-19)."""

    cause: Literal["payment", "credit_note", "dispute", "reversal", "write_off"]
    cause_id: UUID


class ReceivableSettled(ReceivableState, type="credit.receivable.settled.v1", aggregate="account", consumers="collection"):
    """Nothing of it is open any more (核销, CL-13)."""

    settled_on: date
    days_to_pay: int
    within_contract: bool


class PaymentReceived(Event, type="credit.payment.received.v1", aggregate="account", consumers="collection ticket"):
    """Money came in for a customer (CL-13)."""

    payment_id: UUID
    payer_type: Literal["customer", "employee", "third_party"]
    method: Literal["CASH", "BILL", "OFFSET"]
    amount_fen: Fen
    value_date: date
    posted_at: datetime


class AllocationLine(BaseModel):
    """What of a payment went where."""

    receivable_id: UUID
    component: Literal["PRINCIPAL", "INTEREST", "FEE"]
    amount_fen: Fen
    open_fen_after: Fen


class PaymentApplied(Event, type="credit.payment.applied.v1", aggregate="account", consumers="collection"):
    """What a payment settled, and what of it stays on account (CL-13, CL-30)."""

    payment_id: UUID
    value_date: date
    posted_at: datetime
    amount_fen: Fen
    allocations: list[AllocationLine] = Shared200
    on_account_fen: Fen


class ReversedLine(BaseModel):
    """What a reversal opened again."""

    receivable_id: UUID
    amount_fen: Fen
    open_fen_after: Fen


class PaymentReversed(Event, type="credit.payment.reversed.v1", aggregate="account", consumers="collection"):
    """A payment bounced or was taken back (CL-13, CL-30)."""

    payment_id: UUID
    value_date: date
    reason: str
    allocations: list[ReversedLine] = Shared200
    on_account_fen: Fen


class PaidByEmployee(Event, type="credit.payment.paid_by_employee.v1", aggregate="account", consumers=""):
    """An employee paid for the customer (代客户垫支, CR-41, CL-14)."""

    payment_id: UUID
    employee_id: UUID | None
    amount_fen: Fen


class DayClosed(Fact, type="credit.day.closed.v1", aggregate="day_close", consumers="collection"):
    """The barrier: credit-service has announced everything of `as_of`; the same record in every partition (CL-03)."""

    as_of: date
