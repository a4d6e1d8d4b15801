"""`/lines`: read, freeze, unfreeze."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from shared.records.work import Work
from shared.web.bodies import Body, Word
from shared.web.commands import CommandRoute, command, query
from shared.web.pagination import PageQuery, page_query
from sqlalchemy import Row, select

from credit_service.storage.customers import in_scope
from credit_service.storage.tables.file import customer
from credit_service.storage.tables.lines import line
from credit_service.use_cases.put_line_in_force import freeze_line, unfreeze_line

router = APIRouter(prefix="/api/v1/lines", tags=["lines"], route_class=CommandRoute)


class FreezeIn(Body):
    """A short reason, the same word for freezing and unfreezing."""

    reason: Word


class LineOut(BaseModel):
    """A credit line."""

    id: UUID
    customer_id: UUID
    application_id: UUID
    contract_id: UUID
    kind: str
    limit_fen: int
    term_days: int
    effective_from: date
    valid_until: date
    state: str
    frozen_for: list[str]


class LinePage(BaseModel):
    """One page of lines."""

    items: list[LineOut]
    next: str | None


@router.get("", response_model=LinePage)
async def list_lines(
    customer_id: UUID | None = None, work: Work = query("customer:read"), page: PageQuery = Depends(page_query)
) -> dict[str, Any]:
    """The lines of customers in scope, newest first."""
    mine = select(line).join(customer, customer.c.id == line.c.customer_id).where(in_scope(work))
    if customer_id is not None:
        mine = mine.where(line.c.customer_id == customer_id)
    rows = (await work.session.execute(page.apply(mine, line.c.id, newest_first=True))).all()
    return page.page([_shown(row) for row in rows])


@router.post("/{line_id}/freeze", response_model=LineOut)
async def freeze(line_id: UUID, body: FreezeIn, work: Work = command("signal:decide")) -> dict[str, Any]:
    """Stop the line; live shipment releases are revoked."""
    return _shown(await freeze_line(work, line_id, body.reason))


@router.post("/{line_id}/unfreeze", response_model=LineOut)
async def unfreeze(line_id: UUID, body: FreezeIn, work: Work = command("signal:decide")) -> dict[str, Any]:
    """Take one reason away."""
    return _shown(await unfreeze_line(work, line_id, body.reason))


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in LineOut.model_fields}
