"""`/overrides`: let one order pass once."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from shared.records.work import Work
from shared.web.bodies import Body, Fen, Line, Paragraph, Word
from shared.web.commands import CommandRoute, command
from sqlalchemy import Row

from credit_service.use_cases.request_override import decide_override, request_override

router = APIRouter(prefix="/api/v1/overrides", tags=["overrides"], route_class=CommandRoute)


class OverrideIn(Body):
    """Which codes shall be skipped for which order, and how far above the limit."""

    customer_id: UUID
    order_ref: Word
    codes: list[Literal["LIMIT_EXCEEDED", "TERM_EXCEEDED", "AGE_6M", "LINE_EXPIRED"]] = Field(min_length=1, max_length=4)
    excess_fen: Fen = 0
    reason: Line


class DecisionIn(Body):
    """An opinion."""

    comment: Paragraph = ""


class OverrideOut(BaseModel):
    """An override and its state."""

    id: UUID
    customer_id: UUID
    order_ref: str
    codes: list[str]
    excess_fen: int
    reason: str
    requested_by: UUID
    state: str
    expires_at: datetime


@router.post("", status_code=201, response_model=OverrideOut)
async def ask(body: OverrideIn, work: Work = command("override:request")) -> dict[str, Any]:
    """Ask for an override."""
    codes = [str(code) for code in body.codes]
    return _shown(await request_override(work, body.customer_id, body.order_ref, codes, body.excess_fen, body.reason))


@router.post("/{override_id}/approve", response_model=OverrideOut)
async def approve(override_id: UUID, body: DecisionIn, work: Work = command("override:approve")) -> dict[str, Any]:
    """Grant it. Errors: 403 `SELF_APPROVAL`, `BEYOND_AUTHORITY`; 409 `OVERRIDE_DECIDED`."""
    return _shown(await decide_override(work, override_id, approved=True, comment=body.comment))


@router.post("/{override_id}/reject", response_model=OverrideOut)
async def reject(override_id: UUID, body: DecisionIn, work: Work = command("override:approve")) -> dict[str, Any]:
    """Refuse it."""
    return _shown(await decide_override(work, override_id, approved=False, comment=body.comment))


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in OverrideOut.model_fields}
