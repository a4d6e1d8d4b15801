"""`/collection-queue`: what to do next, and why (CL-26)."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from shared.records.work import Work
from shared.web.commands import CommandRoute, command, query
from sqlalchemy import Row, Select, select

from collection_service.api.cases import CaseOut, shown_case
from collection_service.storage.cases import in_scope
from collection_service.storage.tables.cases import collection_case

router = APIRouter(prefix="/api/v1/collection-queue", tags=["collection-queue"], route_class=CommandRoute)
AT_ONCE = 50


class QueueOut(BaseModel):
    """The cases that are due, the most urgent first."""

    items: list[CaseOut]


class NextOut(BaseModel):
    """The most urgent case, and what put it there."""

    case: CaseOut | None
    reasons: list[str]


@router.get("", response_model=QueueOut)
async def queue(work: Work = query("case:read")) -> dict[str, Any]:
    """Broken promises first, then undisputed overdue money, then age."""
    rows = (await work.session.execute(_ordered(work).limit(AT_ONCE))).all()
    return {"items": [shown_case(row) for row in rows]}


@router.post("/next", response_model=NextOut)
async def next_case(work: Work = command("attempt:record")) -> dict[str, Any]:
    """The case to work on now."""
    row = (await work.session.execute(_ordered(work).limit(1))).first()
    return {"case": shown_case(row) if row else None, "reasons": _reasons(row) if row else []}


def _ordered(work: Work) -> Select[Any]:
    columns = collection_case.c
    due = select(collection_case).where(
        columns.state.in_(["ACTIVE", "PLAN", "LEGAL"]), columns.next_action_at <= work.now, in_scope(work)
    )
    return due.order_by(
        (columns.broken_promises > 0).desc(),
        (columns.overdue_fen - columns.disputed_fen).desc(),
        columns.dpd.desc(),
        columns.number,
    )


def _reasons(row: Row[Any]) -> list[str]:
    broken = [f"BROKEN_PROMISES:{row.broken_promises}"] if row.broken_promises else []
    return [
        *broken,
        f"OVERDUE:{row.overdue_fen - row.disputed_fen}",
        f"DPD:{row.dpd}",
        f"NEXT_ACTION:{row.next_action_at.isoformat()}",
    ]
