"""`/attempts`: contacts made."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from shared.records.work import Work
from shared.values.errors import Conflict, Invalid
from shared.web.bodies import Body, Moment, Paragraph
from shared.web.commands import CommandRoute, command, settle
from shared.web.runtime import runtime_of
from sqlalchemy import Row

from collection_service.api.contact_checks import Channel
from collection_service.use_cases.make_attempt import (
    Finish,
    finish_attempt,
    record_inbound,
    reserve_attempt,
    start_attempt,
)

router = APIRouter(prefix="/api/v1/attempts", tags=["attempts"], route_class=CommandRoute)
Outcome = Literal[
    "NO_ANSWER", "BUSY", "WRONG_PARTY", "SPOKE_DEBTOR", "SPOKE_THIRD", "REFUSED", "PROMISE", "DISPUTE", "BOUNCED", "DELIVERED"
]  # fmt: skip


class AttemptIn(Body):
    """Outbound: the token of an allowing check. Inbound: case and when it began."""

    token: str | None = Field(None, max_length=4000)
    direction: Literal["OUTBOUND", "INBOUND"] = "OUTBOUND"
    case_id: UUID | None = None
    started_at: Moment | None = None
    channel: Channel = "CALL"
    contact_person_id: UUID | None = None


class FinishIn(Body):
    """What came of it; an outcome is mandatory (CL-23)."""

    outcome: Outcome
    note: Paragraph = ""
    next_action_at: Moment | None = None


class AttemptOut(BaseModel):
    """An attempt."""

    id: UUID
    case_id: UUID
    channel: str
    direction: str
    decision_id: UUID
    collector_id: UUID
    reserved_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    effective: bool | None
    next_action_at: datetime | None
    state: str


@router.post("", status_code=201, response_model=AttemptOut)
async def reserve(request: Request, body: AttemptIn, work: Work = command("attempt:record", key="required")) -> dict[str, Any]:
    """Reserve an attempt. Errors: 403 `TOKEN_OF_ANOTHER`; 409 `TOKEN_MISSING`, `TOKEN_EXPIRED`, `TOKEN_MISMATCH`, refused."""
    if body.direction == "INBOUND":
        if body.case_id is None or body.started_at is None:
            raise Invalid("INBOUND_INCOMPLETE", "an inbound contact needs case_id and started_at")
        row = await record_inbound(work, body.case_id, body.started_at, body.channel, body.contact_person_id)
        return _shown(row)
    if not body.token:
        raise Conflict("TOKEN_MISSING", "check the contact first: an attempt needs the token of an allowing check")
    return _shown(settle(await reserve_attempt(work, runtime_of(request).ring, body.token)))


@router.post("/{attempt_id}/start", response_model=AttemptOut)
async def start(attempt_id: UUID, work: Work = command("attempt:record")) -> dict[str, Any]:
    """The contact begins. Errors: 409 `ATTEMPT_VOID`, `ILLEGAL_ACTION`."""
    return _shown(await start_attempt(work, attempt_id))


@router.post("/{attempt_id}/finish", response_model=AttemptOut)
async def finish(attempt_id: UUID, body: FinishIn, work: Work = command("attempt:record")) -> dict[str, Any]:
    """The contact is over. Errors: 409 `ILLEGAL_ACTION`; 422 `CONTENT_FORBIDDEN`."""
    return _shown(await finish_attempt(work, attempt_id, Finish(body.outcome, body.note, body.next_action_at)))


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in AttemptOut.model_fields}
