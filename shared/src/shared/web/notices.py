"""The notices of the caller (G-30): the same two routes in every service, composed by the gateway."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy import select

from shared.records.notices import read_notice
from shared.records.tables import notice
from shared.records.work import Work
from shared.web.commands import CommandRoute, command, query
from shared.web.pagination import Page, PageQuery, page_query


def notices_router(permission: str) -> APIRouter:
    """`GET /notices` and `POST /notices/{id}/read` for whoever holds the permission that all staff of the service have."""
    router = APIRouter(prefix="/internal", tags=["notices"], route_class=CommandRoute, include_in_schema=False)

    @router.get("/notices", response_model=Page)
    async def list_notices(work: Work = query(permission), page: PageQuery = Depends(page_query)) -> dict[str, Any]:
        mine = select(notice).where(notice.c.recipient_id == work.actor.id)
        rows = await work.session.execute(page.apply(mine, notice.c.id, newest_first=True))
        return page.page([dict(row) for row in rows.mappings()])

    @router.post("/notices/{notice_id}/read", status_code=204)
    async def read(notice_id: UUID, work: Work = command(permission)) -> None:
        await read_notice(work, notice_id)

    return router
