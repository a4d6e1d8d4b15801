"""`/order-checks`: may this order be produced, and what would help."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from shared.records.work import Work
from shared.values.errors import Invalid
from shared.web.bodies import Body, Day, Fen, PositiveFen, Word
from shared.web.commands import CommandRoute, command

from credit_service.domain.policy import POLICY
from credit_service.use_cases.check_order import OrderAnswer, OrderCheck, check_order

router = APIRouter(prefix="/api/v1/order-checks", tags=["order-checks"], route_class=CommandRoute)


class OrderCheckIn(Body):
    """An order as the ERP knows it."""

    customer_id: UUID
    order_ref: Word = Field(examples=["SO-1042"])
    amount_fen: PositiveFen
    currency: Word = Field("CNY", description="only CNY")
    prepaid_fen: Fen = Field(0, description="the part that is paid before production")
    accept_partial: bool = Field(False, description="take less rather than nothing (裁减)")
    override_id: UUID | None = None
    dry_run: bool = Field(False, description="decide only: nothing is written, nothing is held")
    as_of: Day | None = Field(None, description="another day, only together with dry_run")


class AccountBlock(BaseModel):
    """The account that the verdict stands on, for holders of `account:read`."""

    limit_fen: int
    ar_fen: int
    bills_fen: int
    held_fen: int
    unapplied_fen: int
    earmarked_fen: int
    available_fen: int
    over_limit_fen: int
    event_seq: int


class OrderCheckOut(BaseModel):
    """The verdict with all reasons at once, and the ways out."""

    verdict: Literal["APPROVED", "REDUCED", "SUSPENDED", "PREPAY"]
    decision_id: UUID
    customer_id: UUID
    number: str
    order_ref: str
    asked_fen: int
    approved_fen: int
    prepay_needed_fen: int | None
    hold_id: UUID | None
    expires_at: datetime | None
    account: AccountBlock | None
    reasons: list[dict[str, Any]]
    ways_out: list[str]
    policy: str
    as_of: date


@router.post("", response_model=OrderCheckOut)
async def check(body: OrderCheckIn, work: Work = command("order_check:run", key="required")) -> dict[str, Any]:
    """Check an order and hold its amount (下单前审核). Errors: 404; 409 `ORDER_ALREADY_HELD`, `OVERRIDE_USED`; 422."""
    if body.currency != "CNY":
        raise Invalid("CURRENCY_MISMATCH", "accounts are kept in CNY")
    answer = await check_order(work, OrderCheck(**body.model_dump(exclude={"currency"})))
    return _shown(work, body, answer)


def _shown(work: Work, body: OrderCheckIn, answer: OrderAnswer) -> dict[str, Any]:
    decision, hold = answer.decision, answer.hold
    may_read = work.actor.grant("account:read", work.now) is not None
    return {
        "verdict": decision.verdict,
        "decision_id": answer.decision_id,
        "customer_id": answer.party.customer_id,
        "number": answer.party.number,
        "order_ref": body.order_ref,
        "asked_fen": body.amount_fen,
        "approved_fen": decision.approved_fen,
        "prepay_needed_fen": decision.prepay_needed_fen,
        "hold_id": hold.id if hold else None,
        "expires_at": hold.expires_at if hold else None,
        "account": answer.account.shown() if may_read else None,
        "reasons": decision.reasons,
        "ways_out": decision.ways_out,
        "policy": POLICY.version,
        "as_of": body.as_of or work.day,
    }
