"""`/holds`: read, amend, renew, release."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from shared.records.work import Work
from shared.values.errors import Missing
from shared.web.bodies import Body, PositiveFen
from shared.web.commands import CommandRoute, command, query, settle

from credit_service.domain.hold import Hold
from credit_service.storage.accounts import bill_to
from credit_service.storage.holds import hold_of
from credit_service.use_cases.end_hold import amend_hold, release_hold, renew_hold

router = APIRouter(prefix="/api/v1/holds", tags=["holds"], route_class=CommandRoute)


class AmendIn(Body):
    """The order's new amount."""

    amount_fen: PositiveFen


class HoldOut(BaseModel):
    """A hold and how its amount is split."""

    id: UUID
    customer_id: UUID
    order_ref: str
    amount_fen: int
    held_fen: int
    prepaid_fen: int
    missing_fen: int
    consumed_fen: int
    released_fen: int
    reserved_fen: int
    expires_at: datetime
    state: str


@router.get("/{hold_id}", response_model=HoldOut)
async def read_hold(hold_id: UUID, work: Work = query("account:read")) -> dict[str, Any]:
    """One hold."""
    hold = await hold_of(work.session, hold_id)
    if hold is None:
        raise Missing
    await bill_to(work, hold.customer_id)
    return _shown(hold)


@router.post("/{hold_id}/amend", response_model=HoldOut)
async def amend(hold_id: UUID, body: AmendIn, work: Work = command("order_check:run", key="required")) -> dict[str, Any]:
    """Another amount. Errors: 409 `HOLD_ENDED`, `LIMIT_EXCEEDED`; 422 `BELOW_RESERVED`."""
    return _shown(settle(await amend_hold(work, hold_id, body.amount_fen)))


@router.post("/{hold_id}/renew", response_model=HoldOut)
async def renew(hold_id: UUID, work: Work = command("order_check:run")) -> dict[str, Any]:
    """Another seven days."""
    return _shown(await renew_hold(work, hold_id))


@router.post("/{hold_id}/release", response_model=HoldOut)
async def release(hold_id: UUID, work: Work = command("order_check:run")) -> dict[str, Any]:
    """The order is off: the amount goes back."""
    return _shown(await release_hold(work, hold_id))


def _shown(hold: Hold) -> dict[str, Any]:
    return {name: getattr(hold, name) for name in HoldOut.model_fields}
