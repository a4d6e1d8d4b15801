"""`/demo/clock`: move a demo suite's business time forward; elsewhere this route does not exist."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel
from shared.records.work import Work
from shared.values.errors import Missing
from shared.web.bodies import Body, Moment
from shared.web.commands import CommandRoute, command, query
from shared.web.runtime import runtime_of

from gateway.use_cases.keep_demo_clock import keep_demo_clock

router = APIRouter(prefix="/api/v1/demo", tags=["demo"], route_class=CommandRoute)


class NewTime(Body):
    """Where business time moves to."""

    now: Moment


class TimeOut(BaseModel):
    """The business time."""

    now: datetime


@router.get("/clock", response_model=TimeOut)
async def read_clock(request: Request, work: Work = query("system:clock")) -> dict[str, datetime]:
    """The business time of a demo suite. Errors: 404 elsewhere."""
    clock = runtime_of(request).clock
    if not clock.movable:
        raise Missing
    return {"now": clock.now()}


@router.put("/clock", response_model=TimeOut)
async def move_clock(request: Request, body: NewTime, work: Work = command("system:clock")) -> dict[str, datetime]:
    """Move business time forward, never back. Errors: 404 outside of a demo suite; 409 `CLOCK_BACKWARDS`."""
    clock = runtime_of(request).clock
    if not clock.movable:
        raise Missing
    clock.move_to(body.now)
    await keep_demo_clock(work, clock.offset)
    return {"now": clock.now()}
