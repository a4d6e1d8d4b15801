"""`/collection-cases`: overdue customers and what is done about them."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from shared.records.audit import write_audit
from shared.records.masks import mask_name, mask_point
from shared.records.sealing import seal_of
from shared.records.work import Work
from shared.web.bodies import Body, Day, Line, PositiveFen, Word
from shared.web.commands import CommandRoute, command, query
from shared.web.pagination import PageQuery, page_query
from shared.web.runtime import runtime_of
from sqlalchemy import Row, select

from collection_service.domain.case import allowed_actions
from collection_service.storage.attempts import attempts_of
from collection_service.storage.cases import case_of, in_scope, pauses_of, promises_of
from collection_service.storage.copies import customer_of, persons_of, points_of
from collection_service.storage.tables.cases import collection_case
from collection_service.storage.tables.copies import item
from collection_service.use_cases.manage_case import NewPause, assign_case, pause_case, resume_case
from collection_service.use_cases.take_promise import NewPromise, take_promise

router = APIRouter(prefix="/api/v1/collection-cases", tags=["collection-cases"], route_class=CommandRoute)
PauseKind = Literal["COMPLAINT", "DISPUTE", "CEASE", "INSOLVENCY", "HARDSHIP", "MANUAL"]


class AssignIn(Body):
    """Whose case it is."""

    collector_id: UUID


class PauseIn(Body):
    """Why outreach stands still, until when, for which receivables (none: all)."""

    kind: PauseKind
    to_on: Day
    reason: Line
    receivable_ids: list[UUID] = Field(default_factory=list, max_length=200)
    source_ref: Word | None = None


class PromiseIn(Body):
    """What the debtor promised."""

    amount_fen: PositiveFen
    promised_on: Day
    by_person_id: UUID | None = None
    method: Word | None = None


class RevealIn(Body):
    """Why the full numbers are needed."""

    reason: Line


class CaseOut(BaseModel):
    """A case with what may be done next."""

    id: UUID
    number: str
    customer_id: UUID
    org_unit_id: UUID
    collector_id: UUID | None
    version: int
    state: str
    outcome: str | None
    stage: str
    max_stage: str
    risk_tier: str
    dpd: int
    overdue_fen: int
    disputed_fen: int
    broken_promises: int
    opened_on: date
    opened_at: datetime
    closed_at: datetime | None
    next_action_at: datetime | None
    allowed_actions: list[str]


class CasePage(BaseModel):
    """One page of cases."""

    items: list[CaseOut]
    next: str | None


class CaseDetail(CaseOut):
    """A case with its items, promises and pauses."""

    items: list[dict[str, Any]]
    promises: list[dict[str, Any]]
    pauses: list[dict[str, Any]]


class PromiseOut(BaseModel):
    """A promise to pay and its verdict."""

    id: UUID
    case_id: UUID
    amount_fen: int
    promised_on: date
    deadline_on: date
    made_at: datetime
    paid_fen: int
    state: str


class PauseOut(BaseModel):
    """A pause."""

    id: UUID
    case_id: UUID
    kind: str
    receivable_ids: list[UUID]
    from_on: date
    to_on: date
    reason: str
    source_ref: str | None
    state: str


class TimelineOut(BaseModel):
    """Everything that happened in the case, oldest first."""

    entries: list[dict[str, Any]]


class PersonsOut(BaseModel):
    """Whom we may talk to, and over which points."""

    persons: list[dict[str, Any]]


@router.get("", response_model=CasePage)
async def list_cases(
    state: str | None = None,
    customer_id: UUID | None = None,
    work: Work = query("case:read"),
    page: PageQuery = Depends(page_query),
) -> dict[str, Any]:
    """The cases in the caller's scope, newest first."""
    mine = select(collection_case).where(in_scope(work))
    if state is not None:
        mine = mine.where(collection_case.c.state == state)
    if customer_id is not None:
        mine = mine.where(collection_case.c.customer_id == customer_id)
    rows = (await work.session.execute(page.apply(mine, collection_case.c.id, newest_first=True))).all()
    return page.page([shown_case(row) for row in rows])


@router.get("/{case_id}", response_model=CaseDetail)
async def read_case(case_id: UUID, work: Work = query("case:read")) -> dict[str, Any]:
    """One case."""
    row = await case_of(work, case_id)
    found = select(item).where(item.c.customer_id == row.customer_id, item.c.overdue_since.is_not(None)).order_by(item.c.due_on)
    items = [dict(line) for line in (await work.session.execute(found)).mappings()]
    promises = [_promise(line) for line in await promises_of(work.session, case_id)]
    pauses = [_pause(line) for line in await pauses_of(work.session, case_id, ended=True)]
    return shown_case(row) | {"items": items, "promises": promises, "pauses": pauses}


@router.post("/{case_id}/assign", response_model=CaseOut)
async def assign(case_id: UUID, body: AssignIn, work: Work = command("case:assign")) -> dict[str, Any]:
    """Give the case to a collector."""
    return shown_case(await assign_case(work, case_id, body.collector_id))


@router.post("/{case_id}/pauses", status_code=201, response_model=PauseOut)
async def pause(case_id: UUID, body: PauseIn, work: Work = command("case:pause")) -> dict[str, Any]:
    """Stop outreach for at most 30 days."""
    plain = body.model_dump(exclude={"receivable_ids"})
    new = NewPause(**plain, from_on=work.day, receivable_ids=tuple(body.receivable_ids))
    return _pause(await pause_case(work, case_id, new))


@router.post("/{case_id}/pauses/{pause_id}/resume", response_model=PauseOut)
async def resume(case_id: UUID, pause_id: UUID, work: Work = command("case:resume")) -> dict[str, Any]:
    """A supervisor ends a pause."""
    await case_of(work, case_id)
    return _pause(await resume_case(work, pause_id))


@router.post("/{case_id}/promises", status_code=201, response_model=PromiseOut)
async def promise(case_id: UUID, body: PromiseIn, work: Work = command("promise:record")) -> dict[str, Any]:
    """Record a promise to pay (付款承诺). Errors: 403 `SUPERVISOR_NEEDED`; 409 `PROMISE_OPEN`, `DISPUTE_OPEN`; 422."""
    return _promise(await take_promise(work, case_id, NewPromise(**body.model_dump())))


@router.get("/{case_id}/timeline", response_model=TimelineOut)
async def timeline(case_id: UUID, work: Work = query("case:read")) -> dict[str, Any]:
    """Attempts, promises and pauses in one order (CL-26)."""
    await case_of(work, case_id)
    session = work.session
    entries = [{"at": row.reserved_at, "what": "attempt"} | _attempt(row) for row in await attempts_of(session, case_id)]
    entries += [{"at": row.made_at, "what": "promise"} | _promise(row) for row in await promises_of(session, case_id)]
    return {"entries": sorted(entries, key=lambda entry: entry["at"])}


@router.get("/{case_id}/contact-points", response_model=PersonsOut)
async def contact_points(case_id: UUID, request: Request, work: Work = query("case:read")) -> dict[str, Any]:
    """The people of the debtor, masked."""
    return {"persons": await _persons(work, request, case_id, masked=True)}


@router.post("/{case_id}/reveal", response_model=PersonsOut)
async def reveal(case_id: UUID, request: Request, body: RevealIn, work: Work = command("customer:reveal")) -> dict[str, Any]:
    """The same in full, for a reason; audited (G-10)."""
    persons = await _persons(work, request, case_id, masked=False)
    await write_audit(work, "case", case_id, "reveal", reason=body.reason)
    return {"persons": persons}


def shown_case(row: Row[Any]) -> dict[str, Any]:
    """A case as every answer shows it."""
    names = [name for name in CaseOut.model_fields if name != "allowed_actions"]
    return {name: row._mapping[name] for name in names} | {"allowed_actions": allowed_actions(row.state)}


def _promise(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in PromiseOut.model_fields}


def _pause(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in PauseOut.model_fields}


def _attempt(row: Row[Any]) -> dict[str, Any]:
    names = ("id", "channel", "direction", "outcome", "state", "started_at", "ended_at", "note", "contact_person_id")
    return {name: row._mapping[name] for name in names}


async def _persons(work: Work, request: Request, case_id: UUID, *, masked: bool) -> list[dict[str, Any]]:
    row = await case_of(work, case_id)
    await customer_of(work.session, row.customer_id)
    seal = await seal_of(work.session, runtime_of(request).ring, row.customer_id)
    persons = await persons_of(work.session, row.customer_id)
    points = await points_of(work.session, [person.id for person in persons])
    shown = []
    for person in persons:
        name = seal.open(person.name)
        mine = [(point, seal.open(point.value)) for point in points if point.person_id == person.id]
        shown.append(
            {
                "person_id": person.id,
                "role": person.role,
                "name": mask_name(name) if masked else name,
                "contact_points": [
                    {
                        "contact_point_id": point.id,
                        "kind": point.kind,
                        "value": mask_point(point.kind, value) if masked else value,
                        "verified": point.verified_at is not None,
                        "valid": point.invalid_at is None,
                    }
                    for point, value in mine
                ],
            }
        )
    return shown
