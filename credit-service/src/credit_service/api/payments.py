"""`/payments`: money in, where it went, and how it is taken back."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from shared.records.work import Work
from shared.values.errors import Invalid, Missing
from shared.web.bodies import Body, Day, Line, Paragraph, PositiveFen, Word
from shared.web.commands import CommandRoute, command, query
from sqlalchemy import Row

from credit_service.domain.allocation import Share
from credit_service.storage.accounts import bill_to
from credit_service.storage.payments import live_allocations, payment_of
from credit_service.use_cases.allocate_payment import allocate_payment
from credit_service.use_cases.propose_correction import confirm_correction, propose_correction
from credit_service.use_cases.receive_payment import Receipt, receive_payment
from credit_service.use_cases.refund_payment import honour_bill

router = APIRouter(prefix="/api/v1/payments", tags=["payments"], route_class=CommandRoute)


class PaymentIn(Body):
    """A receipt as the bank statement shows it."""

    customer_id: UUID | None = Field(None, description="without: UNMATCHED until somebody knows")
    payer_type: Literal["customer", "employee", "third_party"]
    payer_name: Line | None = None
    employee_id: UUID | None = None
    kind: Literal["CASH", "BILL", "OFFSET"] = "CASH"
    amount_fen: PositiveFen
    currency: Word = "CNY"
    value_date: Day
    bank_account: Word | None = None
    serial: Word | None = Field(None, description="the bank's serial number: with the account it tells doubles apart")
    reference: Line | None = None
    order_ref: Word | None = Field(None, description="a prepayment: earmarked to this order")
    designated: list[UUID] = Field(default_factory=list, max_length=200, description="items that the payer named, in order")


class ShareIn(Body):
    """So much to that item."""

    receivable_id: UUID
    amount_fen: PositiveFen


class AllocateIn(Body):
    """Where on-account money goes."""

    shares: list[ShareIn] = Field(min_length=1, max_length=200)


class ReasonIn(Body):
    """Why."""

    reason: Line


class RefundIn(Body):
    """How much goes back, and why."""

    amount_fen: PositiveFen
    reason: Line


class ConfirmIn(Body):
    """The second person's opinion."""

    comment: Paragraph = ""


class PaymentOut(BaseModel):
    """A payment and where its money is."""

    id: UUID
    number: str
    customer_id: UUID | None
    kind: str
    payer_type: str
    amount_fen: int
    value_date: date
    posted_at: datetime
    order_ref: str | None
    on_account_fen: int
    earmarked_fen: int
    refunded_fen: int
    honoured_on: date | None
    state: str
    allocations: list[dict[str, Any]]


class ProposalOut(BaseModel):
    """A correction that waits for a second person."""

    id: UUID
    payment_id: UUID
    kind: str
    amount_fen: int
    reason: str
    proposed_by: UUID
    state: str


@router.post("", status_code=201, response_model=PaymentOut)
async def receive(body: PaymentIn, work: Work = command("payment:post", key="required")) -> dict[str, Any]:
    """Post a receipt; it settles what is due, the rest stays on account. Errors: 404; 409 `PAYMENT_KNOWN`; 422."""
    if body.currency != "CNY":
        raise Invalid("CURRENCY_MISMATCH", "accounts are kept in CNY")
    plain = body.model_dump(exclude={"currency", "designated"})
    return await _shown(work, await receive_payment(work, Receipt(**plain, designated=tuple(body.designated))))


@router.get("/{payment_id}", response_model=PaymentOut)
async def read_payment(payment_id: UUID, work: Work = query("ledger:read")) -> dict[str, Any]:
    """One payment with its allocations."""
    row = await payment_of(work.session, payment_id)
    if row is None:
        raise Missing
    if row.customer_id is not None:
        await bill_to(work, row.customer_id)
    return await _shown(work, row)


@router.post("/{payment_id}/allocate", response_model=PaymentOut)
async def allocate(payment_id: UUID, body: AllocateIn, work: Work = command("payment:post", key="required")) -> dict[str, Any]:
    """Allocate on-account money by hand. Errors: 422 `OVER_ALLOCATED`."""
    shares = [Share(share.receivable_id, share.amount_fen) for share in body.shares]
    return await _shown(work, await allocate_payment(work, payment_id, shares))


@router.post("/{payment_id}/reverse", status_code=202, response_model=ProposalOut)
async def reverse(
    payment_id: UUID, body: ReasonIn, work: Work = command("payment:propose_reversal", key="required")
) -> dict[str, Any]:
    """Propose to take the payment back; another person confirms."""
    return _proposed(await propose_correction(work, payment_id, "reversal", 0, body.reason))


@router.post("/{payment_id}/dishonour", status_code=202, response_model=ProposalOut)
async def dishonour(
    payment_id: UUID, body: ReasonIn, work: Work = command("payment:propose_reversal", key="required")
) -> dict[str, Any]:
    """The bill (承兑) was not paid: propose to reverse it."""
    return _proposed(await propose_correction(work, payment_id, "dishonour", 0, body.reason))


@router.post("/{payment_id}/refund", status_code=202, response_model=ProposalOut)
async def refund(
    payment_id: UUID, body: RefundIn, work: Work = command("payment:propose_refund", key="required")
) -> dict[str, Any]:
    """Propose to give on-account money back; another person confirms."""
    return _proposed(await propose_correction(work, payment_id, "refund", body.amount_fen, body.reason))


@router.post("/{payment_id}/confirm", response_model=PaymentOut)
async def confirm(payment_id: UUID, body: ConfirmIn, work: Work = command("payment:confirm", key="required")) -> dict[str, Any]:
    """Carry the proposed correction out. Errors: 403 `SELF_APPROVAL`; 409 `NO_CORRECTION`, `REFUND_RAISES_EXPOSURE`."""
    return await _shown(work, await confirm_correction(work, payment_id, body.comment))


@router.post("/{payment_id}/honour", response_model=PaymentOut)
async def honour(payment_id: UUID, work: Work = command("payment:post", key="required")) -> dict[str, Any]:
    """The bill was paid."""
    return await _shown(work, await honour_bill(work, payment_id))


async def _shown(work: Work, row: Row[Any]) -> dict[str, Any]:
    names = [name for name in PaymentOut.model_fields if name != "allocations"]
    live = [
        {"receivable_id": found.receivable_id, "amount_fen": found.amount_fen, "effective_on": found.effective_on}
        for found in await live_allocations(work.session, row.id)
    ]
    return {name: row._mapping[name] for name in names} | {"allocations": live}


def _proposed(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in ProposalOut.model_fields}
