"""`/collection-closes`: the daily close, behind credit-service's marker."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from shared.records.work import Work
from shared.web.bodies import Body, Day
from shared.web.commands import CommandRoute, command, query
from shared.web.runtime import runtime_of

from collection_service.storage.copies import markers
from collection_service.use_cases.close_day import check_close_day, close_ready_days, wait_for_credit

router = APIRouter(prefix="/api/v1/collection-closes", tags=["collection-closes"], route_class=CommandRoute)


class CloseIn(Body):
    """Today, or a missed day."""

    as_of: Day | None = None


class CloseOut(BaseModel):
    """The newest closed day of each partition."""

    partitions: dict[int, date]


class CloseState(BaseModel):
    """Per partition: how far credit-service has closed, and how far we have."""

    partitions: dict[int, dict[str, date | None]]


@router.post("", response_model=CloseOut)
async def close(request: Request, body: CloseIn, work: Work = command("close:run")) -> dict[str, Any]:
    """Wait for credit-service's marker (up to 60 s), then close. Errors: 422; 503 `BARRIER_MISSING`."""
    database = runtime_of(request).database
    day = check_close_day(work, body.as_of)
    await wait_for_credit(database, day)
    return {"partitions": await close_ready_days(database, work, day)}


@router.get("", response_model=CloseState)
async def state(work: Work = query("close:run")) -> dict[str, Any]:
    """The progress of the close, partition by partition."""
    known = await markers(work.session)
    return {"partitions": {part: {"credit_closed_on": credit, "closed_on": ours} for part, (credit, ours) in known.items()}}
