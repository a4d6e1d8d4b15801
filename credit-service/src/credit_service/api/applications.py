"""`/line-applications`: the approval chain of art. 10."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from shared.contracts.credit import LineKind
from shared.records.approvals import steps_of
from shared.records.work import Work
from shared.web.bodies import Body, Day, Days, Line, Paragraph, PositiveFen
from shared.web.commands import CommandRoute, command, query, settle
from shared.web.pagination import PageQuery, page_query
from sqlalchemy import Row, select

from credit_service.domain.application import allowed_actions
from credit_service.storage.customers import in_scope
from credit_service.storage.tables.file import customer
from credit_service.storage.tables.lines import application
from credit_service.use_cases import apply_for_line
from credit_service.use_cases.apply_for_line import NewApplication, application_of, draft_application

router = APIRouter(prefix="/api/v1/line-applications", tags=["line-applications"], route_class=CommandRoute)


class ApplicationIn(Body):
    """The market department's proposal: amount and term."""

    customer_id: UUID
    kind: LineKind
    limit_fen: PositiveFen = Field(examples=[50000000])
    term_days: Days = Field(examples=[60])
    valid_until: Day
    contract_id: UUID
    effective_from: Day | None = None


class CommentIn(Body):
    """An opinion."""

    comment: Paragraph = ""


class FundsOpinionIn(Body):
    """The finance head's opinion on funds, profit and assets (CR-51)."""

    comment: Paragraph = ""
    funds: Line
    profit: Line
    assets: Line


class RejectIn(Body):
    """Why not."""

    reason: Line


class ApplicationOut(BaseModel):
    """An application with its steps (审批人员、批准日期、意见) and what may be done next."""

    id: UUID
    number: str
    customer_id: UUID
    version: int
    state: str
    kind: str
    limit_fen: int
    term_days: int
    valid_until: date
    effective_from: date | None
    contract_id: UUID
    proposer_id: UUID
    submitted_at: datetime | None
    approved_at: datetime | None
    steps: list[dict[str, Any]]
    allowed_actions: list[str]


class ApplicationPage(BaseModel):
    """One page of applications."""

    items: list[ApplicationOut]
    next: str | None


@router.post("", status_code=201, response_model=ApplicationOut)
async def draft(body: ApplicationIn, work: Work = command("line:propose")) -> dict[str, Any]:
    """Draft an application. Errors: 404; 409 `RATING_MISSING`, `OVERDUE_BLOCKS_INCREASE`; 422."""
    return await _shown(work, await draft_application(work, NewApplication(**body.model_dump())))


@router.get("", response_model=ApplicationPage)
async def list_applications(
    state: str | None = None, work: Work = query("customer:read"), page: PageQuery = Depends(page_query)
) -> dict[str, Any]:
    """The applications of customers in scope, newest first."""
    mine = select(application).join(customer, customer.c.id == application.c.customer_id).where(in_scope(work))
    if state is not None:
        mine = mine.where(application.c.state == state)
    rows = (await work.session.execute(page.apply(mine, application.c.id, newest_first=True))).all()
    return page.page([await _shown(work, row) for row in rows])


@router.get("/{application_id}", response_model=ApplicationOut)
async def read_application(application_id: UUID, work: Work = query("customer:read")) -> dict[str, Any]:
    """One application."""
    return await _shown(work, await application_of(work, application_id))


@router.post("/{application_id}/submit", response_model=ApplicationOut)
async def submit(application_id: UUID, work: Work = command("line:propose")) -> dict[str, Any]:
    """Propose it; from now on its content is fixed."""
    return await _shown(work, await apply_for_line.submit(work, application_id))


@router.post("/{application_id}/review-sales", response_model=ApplicationOut)
async def review_sales(application_id: UUID, body: CommentIn, work: Work = command("line:review_sales")) -> dict[str, Any]:
    """The sales vice president agrees."""
    return await _shown(work, await apply_for_line.review_sales(work, application_id, body.comment))


@router.post("/{application_id}/review-finance", response_model=ApplicationOut)
async def review_finance(application_id: UUID, body: FundsOpinionIn, work: Work = command("line:review_finance")) -> dict[str, Any]:
    """The finance head agrees, with an opinion on funds."""
    opinion = body.model_dump(exclude={"comment"})
    return await _shown(work, await apply_for_line.review_finance(work, application_id, body.comment, opinion))


@router.post("/{application_id}/approve", response_model=ApplicationOut)
async def approve(application_id: UUID, body: CommentIn, work: Work = command("line:approve")) -> dict[str, Any]:
    """The last word. Errors: 403 `SELF_APPROVAL`, `BEYOND_AUTHORITY`; 409 `ILLEGAL_ACTION`."""
    return await _shown(work, settle(await apply_for_line.approve(work, application_id, body.comment)))


@router.post("/{application_id}/reject", response_model=ApplicationOut)
async def reject(application_id: UUID, body: RejectIn, work: Work = command("customer:read")) -> dict[str, Any]:
    """Whoever decides next says no, with a reason."""
    return await _shown(work, await apply_for_line.reject(work, application_id, body.reason))


@router.post("/{application_id}/withdraw", response_model=ApplicationOut)
async def withdraw(application_id: UUID, work: Work = command("line:propose")) -> dict[str, Any]:
    """Its proposer takes it back."""
    return await _shown(work, await apply_for_line.withdraw(work, application_id))


async def _shown(work: Work, row: Row[Any]) -> dict[str, Any]:
    names = [name for name in ApplicationOut.model_fields if name not in {"steps", "allowed_actions"}]
    steps = [taken.shown() for taken in await steps_of(work.session, f"application/{row.id}")]
    actions = {"steps": steps, "allowed_actions": allowed_actions(row.kind, row.state)}
    return {name: row._mapping[name] for name in names} | actions
