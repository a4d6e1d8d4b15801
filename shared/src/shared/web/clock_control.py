"""Moving a demo suite's business time: an internal route that does nothing unless the process runs as a demo."""

from datetime import datetime

from fastapi import APIRouter, Request

from shared.records.work import Work
from shared.values.errors import Missing
from shared.web.bodies import Body, Moment
from shared.web.commands import CommandRoute, query
from shared.web.runtime import runtime_of

PERMISSION = "system:clock"
router = APIRouter(prefix="/internal", route_class=CommandRoute, include_in_schema=False)


class NewTime(Body):
    """Where business time moves to."""

    now: Moment


@router.put("/clock")
async def move_clock(request: Request, body: NewTime, work: Work = query(PERMISSION)) -> dict[str, datetime]:
    """Move business time forward. Errors: 404 outside of a demo suite; 409 `CLOCK_BACKWARDS`."""
    clock = runtime_of(request).clock
    if not clock.movable:
        raise Missing
    clock.move_to(body.now)
    return {"now": clock.now()}
