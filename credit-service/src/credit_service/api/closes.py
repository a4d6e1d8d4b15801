"""`/credit-closes`: the daily close by hand, and how far it is."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel
from shared.records.work import Work
from shared.web.bodies import Body, Day
from shared.web.commands import CommandRoute, command, query
from shared.web.runtime import runtime_of

from credit_service.storage.closes import close_row
from credit_service.use_cases.close_day import check_close_day, close_days

router = APIRouter(prefix="/api/v1/credit-closes", tags=["credit-closes"], route_class=CommandRoute)


class CloseIn(Body):
    """Today, or a missed day; with a customer only his items."""

    as_of: Day | None = None
    customer_id: UUID | None = None


class ClosedOut(BaseModel):
    """Which days were closed."""

    days: list[date]


class CloseState(BaseModel):
    """How far the closes are; `quarantined` customers could not be closed and are tried again next time."""

    last_closed_on: date | None
    running_on: date | None
    progress_done: int
    progress_total: int
    quarantined: list[str]
    closed_at: datetime | None


@router.post("", response_model=ClosedOut)
async def close(request: Request, body: CloseIn, work: Work = command("close:run")) -> dict[str, Any]:
    """Close the day (日结). Errors: 422 `CLOSE_IN_FUTURE`."""
    day = await check_close_day(work, body.as_of)
    return {"days": await close_days(runtime_of(request).database, work, day, body.customer_id)}


@router.get("", response_model=CloseState)
async def state(work: Work = query("close:run")) -> dict[str, Any]:
    """How far the closes are."""
    row = await close_row(work.session)
    return {name: row._mapping[name] for name in CloseState.model_fields}
