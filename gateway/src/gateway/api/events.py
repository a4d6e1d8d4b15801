"""`/events`: the feed for subscribers without Kafka, as JSON pages or as a stream (SSE)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel
from shared.records.scope import visible
from shared.records.work import Work
from shared.web.commands import query
from shared.web.runtime import Runtime, runtime_of
from sqlalchemy import select
from starlette.responses import StreamingResponse

from gateway.storage.tables.feed import feed

router = APIRouter(prefix="/api/v1/events", tags=["events"])
HEARTBEAT_S = 15.0
POLL_S = 0.25
AT_ONCE = 200
SESSION_END = "x-session-expires"
Types = Annotated[list[str] | None, Query(max_length=50, description="only these event types")]


class EventsOut(BaseModel):
    """CloudEvents in the order of the feed; `next` is the position to go on behind."""

    items: list[dict[str, Any]]
    next: int


@router.get("", response_model=EventsOut, responses={200: {"content": {"text/event-stream": {}}}})
async def events(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=AT_ONCE)] = 100,
    type: Types = None,
    accept: Annotated[str, Header()] = "application/json",
    last_event_id: Annotated[int | None, Header(ge=0, le=2**62)] = None,
    work: Work = query("event:subscribe"),
) -> Any:
    """The events behind a position; with `Accept: text/event-stream` they keep coming until the token ends."""
    start = max(after, last_event_id or 0)
    if "text/event-stream" in accept:
        return _stream(request, work, start, type)
    rows = await _after(work, start, limit, type)
    return {"items": rows, "next": rows[-1]["position"] if rows else start}


async def _after(work: Work, position: int, limit: int, types: list[str] | None) -> list[dict[str, Any]]:
    """Inside the caller's scope, event by event, replays included."""
    found = select(feed).where(feed.c.position > position, visible(work, feed.c.owner_id, feed.c.org_unit_id))
    if types:
        found = found.where(feed.c.type.in_(types))
    rows = await work.session.execute(found.order_by(feed.c.position).limit(limit))
    return [{"position": row.position} | row.event for row in rows]


def _stream(request: Request, work: Work, start: int, types: list[str] | None) -> Response:
    ends_at = float(request.headers.get(SESSION_END) or time.time() + 60)
    lines = _lines(request, runtime_of(request), work, start, types, ends_at)
    return StreamingResponse(lines, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _lines(
    request: Request, runtime: Runtime, work: Work, position: int, types: list[str] | None, ends_at: float
) -> AsyncIterator[str]:
    told = time.monotonic()
    yield ": hello\n\n"
    while time.time() < ends_at and not await request.is_disconnected():
        async with runtime.database.transaction() as session:
            inner = Work(session, runtime.clock.now(), work.actor, work.trace, work.grant)
            rows = await _after(inner, position, AT_ONCE, types)
        for row in rows:
            position = row["position"]
            yield f"id: {position}\nevent: {row['type']}\ndata: {json.dumps(row, ensure_ascii=False)}\n\n"
        if rows or time.monotonic() - told > HEARTBEAT_S:
            told = time.monotonic()
            yield ": heartbeat\n\n"
        if not rows:
            await asyncio.sleep(POLL_S)
