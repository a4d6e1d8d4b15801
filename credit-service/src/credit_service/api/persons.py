"""`/contact-persons`: the human beings of a customer."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from shared.contracts.credit import ContactRole, PointKind
from shared.records.masks import mask_name, mask_point
from shared.records.sealing import CustomerSeal, seal_of
from shared.records.work import Work
from shared.web.bodies import Body, Line, Word
from shared.web.commands import CommandRoute, command, query
from shared.web.runtime import runtime_of
from shared.web.versions import ExpectedVersion, tag
from sqlalchemy import Row

from credit_service.storage.customers import customer_of, person_of
from credit_service.use_cases.register_person import NewPerson, NewPoint, change_person_file, register_person

router = APIRouter(prefix="/api/v1/contact-persons", tags=["contact-persons"], route_class=CommandRoute)
Language = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$", examples=["zh-CN"])]


class PointIn(Body):
    """A number or address; `source` says where we have it from (合法来源)."""

    kind: PointKind
    value: Line = Field(examples=["13800001234"])
    source: Word = Field(examples=["contract"])
    verified: bool = False


class PersonIn(Body):
    """A new contact person."""

    customer_id: UUID
    role: ContactRole
    name: Line = Field(examples=["王芳"])
    language: Language = "zh-CN"
    preferred_channel: Word | None = None
    contact_points: list[PointIn] = Field(default_factory=list, max_length=20)


class PersonChange(Body):
    """What is left out stays; contact points are replaced as a whole."""

    role: ContactRole | None = None
    name: Line | None = None
    language: Language | None = None
    preferred_channel: Word | None = None
    contact_points: list[PointIn] | None = Field(None, max_length=20)


class PointOut(BaseModel):
    """A contact point."""

    id: UUID
    kind: str
    value: str
    verified_at: str | None
    source: str


class PersonOut(BaseModel):
    """A contact person."""

    id: UUID
    customer_id: UUID
    version: int
    role: str
    name: str
    language: str
    preferred_channel: str | None
    contact_points: list[PointOut]
    masked: bool


@router.post("", status_code=201, response_model=PersonOut)
async def register(request: Request, response: Response, body: PersonIn, work: Work = command("customer:write")) -> dict[str, Any]:
    """Add a contact person. Errors: 404 when the customer is out of scope."""
    ring = runtime_of(request).ring
    plain = body.model_dump(exclude={"contact_points"})
    row = await register_person(work, ring, NewPerson(**plain, contact_points=_points(body.contact_points)))
    tag(response, row.version)
    return _shown(row, await seal_of(work.session, ring, row.customer_id), masked=False)


@router.get("/{person_id}", response_model=PersonOut)
async def read_person(person_id: UUID, request: Request, response: Response, work: Work = query("customer:read")) -> dict[str, Any]:
    """One person: in full with `customer:pii`, otherwise masked."""
    row = await person_of(work.session, person_id)
    await customer_of(work, row.customer_id)
    full = work.actor.grant("customer:pii", work.now) is not None
    tag(response, row.version)
    return _shown(row, await seal_of(work.session, runtime_of(request).ring, row.customer_id), masked=not full)


@router.patch("/{person_id}", response_model=PersonOut)
async def change_person(
    person_id: UUID,
    request: Request,
    response: Response,
    body: PersonChange,
    version: ExpectedVersion,
    work: Work = command("customer:write"),
) -> dict[str, Any]:
    """Change a person; `If-Match` names the version."""
    ring = runtime_of(request).ring
    plain = body.model_dump(exclude_unset=True, exclude={"contact_points"})
    changes = {name: value for name, value in plain.items() if value is not None}
    points = None if body.contact_points is None else _points(body.contact_points)
    row = await change_person_file(work, ring, person_id, version, changes, points)
    tag(response, row.version)
    return _shown(row, await seal_of(work.session, ring, row.customer_id), masked=True)


def _points(points: list[PointIn]) -> tuple[NewPoint, ...]:
    return tuple(NewPoint(**point.model_dump()) for point in points)


def _shown(row: Row[Any], seal: CustomerSeal, *, masked: bool) -> dict[str, Any]:
    name = seal.open(row.name)
    points = [_point(point, seal.open(point["value"]), masked=masked) for point in row.contact_points]
    plain = {key: row._mapping[key] for key in ("id", "customer_id", "version", "role", "language", "preferred_channel")}
    return plain | {"name": mask_name(name) if masked else name or "***", "contact_points": points, "masked": masked}


def _point(point: dict[str, Any], value: str | None, *, masked: bool) -> dict[str, Any]:
    return point | {"value": mask_point(point["kind"], value) if masked else value or "***"}
