"""`/shipment-checks`: may these goods leave the house."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from shared.records.work import Work
from shared.web.bodies import Body, Day, PositiveFen, Word
from shared.web.commands import CommandRoute, command

from credit_service.use_cases.check_shipment import ShipmentCheck, check_shipment

router = APIRouter(prefix="/api/v1/shipment-checks", tags=["shipment-checks"], route_class=CommandRoute)


class ShipmentCheckIn(Body):
    """A delivery note that waits for its signature."""

    customer_id: UUID
    order_ref: Word = Field(examples=["SO-1042"])
    shipment_ref: Word = Field(examples=["DN-7781"])
    amount_fen: PositiveFen
    dry_run: bool = False
    as_of: Day | None = None


class ShipmentCheckOut(BaseModel):
    """RELEASE with a token that the receivable will name, or REFUSE with all reasons."""

    verdict: Literal["RELEASE", "REFUSE"]
    decision_id: UUID
    release_id: UUID | None
    hold_id: UUID | None
    shipment_ref: str
    amount_fen: int
    token: str | None
    expires_at: datetime | None
    reasons: list[dict[str, Any]]


@router.post("", response_model=ShipmentCheckOut)
async def check(body: ShipmentCheckIn, work: Work = command("shipment_check:run", key="required")) -> dict[str, Any]:
    """Check a shipment and reserve its amount (审批放行). Errors: 404; 409 `SHIPMENT_POSTED`; 422."""
    return asdict(await check_shipment(work, ShipmentCheck(**body.model_dump())))
