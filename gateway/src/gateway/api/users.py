"""`/users`, `/api-keys`, `/org-units`, `/delegations`: the people of the house."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from shared.records.work import Work
from shared.web.bodies import Body, Line, Moment, Word
from shared.web.commands import CommandRoute, command, query
from shared.web.pagination import PageQuery, page_query
from shared.web.versions import ExpectedVersion, tag
from sqlalchemy import Row, or_, select

from gateway.storage.people import unit_of, user_of
from gateway.storage.tables.identity import delegation, unit, user
from gateway.use_cases.delegate import create_delegation, revoke_delegation
from gateway.use_cases.manage_units import create_unit, move_unit
from gateway.use_cases.manage_users import (
    NewUser,
    assign_roles,
    change_person,
    create_key,
    create_user,
    deactivate,
    revoke_key,
    set_password,
)

users = APIRouter(prefix="/api/v1/users", tags=["users"], route_class=CommandRoute)
keys = APIRouter(prefix="/api/v1/api-keys", tags=["api-keys"], route_class=CommandRoute)
units = APIRouter(prefix="/api/v1/org-units", tags=["org-units"], route_class=CommandRoute)
delegations = APIRouter(prefix="/api/v1/delegations", tags=["delegations"], route_class=CommandRoute)
Login = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._@-]{1,60}$", examples=["wang.fang"])]
Password = Annotated[str, Field(min_length=1, max_length=200)]
Roles = Annotated[list[Word], Field(max_length=20)]


class UserIn(Body):
    """A person with a password, or a service account without."""

    login: Login
    display_name: Line
    kind: Literal["user", "service"] = "user"
    password: Password | None = None
    roles: Roles = Field(default_factory=list)
    org_unit_id: UUID | None = None
    superior_id: UUID | None = None


class UserChange(Body):
    """What is left out stays."""

    display_name: Line | None = None
    org_unit_id: UUID | None = None
    superior_id: UUID | None = None


class RolesIn(Body):
    """All roles from now on."""

    roles: Roles


class PasswordIn(Body):
    """The new password."""

    password: Password


class UserOut(BaseModel):
    """A user."""

    id: UUID
    version: int
    kind: str
    login: str
    display_name: str
    roles: list[str]
    org_unit_id: UUID | None
    superior_id: UUID | None
    active: bool


class UserPage(BaseModel):
    """One page of users."""

    items: list[UserOut]
    next: str | None


class KeyIn(Body):
    """Whose key, what for, until when."""

    user_id: UUID
    name: Line
    expires_at: Moment | None = None


class KeyOut(BaseModel):
    """An API key; `key` is shown once, when it is made."""

    id: UUID
    user_id: UUID
    name: str
    prefix: str
    expires_at: datetime | None
    revoked_at: datetime | None
    key: str | None = None


class UnitIn(Body):
    """A new org unit."""

    name: Line
    type: Literal["headquarters", "branch", "region", "service_centre", "store"]
    parent_id: UUID | None = None
    manager_id: UUID | None = None


class UnitChange(Body):
    """What is left out stays."""

    name: Line | None = None
    parent_id: UUID | None = None
    manager_id: UUID | None = None


class UnitOut(BaseModel):
    """An org unit."""

    id: UUID
    version: int
    name: str
    type: str
    parent_id: UUID | None
    manager_id: UUID | None


class UnitPage(BaseModel):
    """One page of units."""

    items: list[UnitOut]
    next: str | None


class DelegationIn(Body):
    """Whose permissions, to whom, which, when, why; `from_id` is the caller if left out."""

    from_id: UUID | None = None
    to_id: UUID
    permissions: list[Word] = Field(min_length=1, max_length=200)
    valid_from: Moment
    valid_to: Moment
    reason: Line


class DelegationOut(BaseModel):
    """A delegation."""

    id: UUID
    from_id: UUID
    to_id: UUID
    permissions: list[str]
    valid_from: datetime
    valid_to: datetime
    reason: str
    revoked_at: datetime | None


class DelegationPage(BaseModel):
    """One page of delegations."""

    items: list[DelegationOut]
    next: str | None


@users.post("", status_code=201, response_model=UserOut)
async def create(request: Request, body: UserIn, work: Work = command("user:manage")) -> dict[str, Any]:
    """Create a user. Errors: 409 `LOGIN_TAKEN`, `SEPARATION_OF_DUTIES`; 422."""
    new = NewUser(**body.model_dump(exclude={"roles"}), roles=tuple(body.roles))
    return _shown(UserOut, await create_user(work, new))


@users.get("", response_model=UserPage)
async def list_users(work: Work = query("user:manage"), page: PageQuery = Depends(page_query)) -> dict[str, Any]:
    """All users."""
    rows = (await work.session.execute(page.apply(select(user), user.c.id))).all()
    return page.page([_shown(UserOut, row) for row in rows])


@users.get("/{user_id}", response_model=UserOut)
async def read(user_id: UUID, response: Response, work: Work = query("user:manage")) -> dict[str, Any]:
    """One user."""
    row = await user_of(work.session, user_id)
    tag(response, row.version)
    return _shown(UserOut, row)


@users.patch("/{user_id}", response_model=UserOut)
async def change(
    user_id: UUID, request: Request, body: UserChange, version: ExpectedVersion, work: Work = command("user:manage")
) -> dict[str, Any]:
    """Name, unit, superior; `If-Match` names the version."""
    row = await change_person(work, user_id, version, body.model_dump(exclude_unset=True))
    _forget(request)
    return _shown(UserOut, row)


@users.put("/{user_id}/roles", response_model=UserOut)
async def roles(user_id: UUID, request: Request, body: RolesIn, work: Work = command("role:assign")) -> dict[str, Any]:
    """Replace the roles. Errors: 403 `SELF_APPROVAL`; 409 `SEPARATION_OF_DUTIES`."""
    row = await assign_roles(work, user_id, body.roles)
    _forget(request)
    return _shown(UserOut, row)


@users.post("/{user_id}/deactivate", response_model=UserOut)
async def switch_off(user_id: UUID, request: Request, work: Work = command("user:manage")) -> dict[str, Any]:
    """All sign-ins of the user end at once."""
    row = await deactivate(work, user_id)
    _forget(request)
    return _shown(UserOut, row)


@users.post("/{user_id}/password", status_code=204)
async def password(user_id: UUID, request: Request, body: PasswordIn, work: Work = command("user:manage")) -> None:
    """Set a new password."""
    await set_password(work, user_id, body.password)
    _forget(request)


@keys.post("", status_code=201, response_model=KeyOut)
async def make_key(body: KeyIn, work: Work = command("user:manage")) -> dict[str, Any]:
    """Make an API key of a service account; it is shown once."""
    row, key = await create_key(work, body.user_id, body.name, body.expires_at)
    return _shown(KeyOut, row) | {"key": key}


@keys.post("/{key_id}/revoke", response_model=KeyOut)
async def end_key(key_id: UUID, request: Request, work: Work = command("user:manage")) -> dict[str, Any]:
    """The key stops working."""
    row = await revoke_key(work, key_id)
    _forget(request)
    return _shown(KeyOut, row)


@units.post("", status_code=201, response_model=UnitOut)
async def make_unit(body: UnitIn, work: Work = command("user:manage")) -> dict[str, Any]:
    """Create an org unit."""
    return _shown(UnitOut, await create_unit(work, body.name, body.type, body.parent_id, body.manager_id))


@units.get("", response_model=UnitPage)
async def list_units(work: Work = query("user:manage"), page: PageQuery = Depends(page_query)) -> dict[str, Any]:
    """All org units."""
    rows = (await work.session.execute(page.apply(select(unit), unit.c.id))).all()
    return page.page([_shown(UnitOut, row) for row in rows])


@units.get("/{unit_id}", response_model=UnitOut)
async def read_unit(unit_id: UUID, response: Response, work: Work = query("user:manage")) -> dict[str, Any]:
    """One org unit."""
    row = await unit_of(work.session, unit_id)
    tag(response, row.version)
    return _shown(UnitOut, row)


@units.patch("/{unit_id}", response_model=UnitOut)
async def change_unit(
    unit_id: UUID, request: Request, body: UnitChange, version: ExpectedVersion, work: Work = command("user:manage")
) -> dict[str, Any]:
    """Rename or move a unit. Errors: 422 `UNIT_CYCLE`."""
    row = await move_unit(work, unit_id, version, body.model_dump(exclude_unset=True))
    _forget(request)
    return _shown(UnitOut, row)


@delegations.post("", status_code=201, response_model=DelegationOut)
async def lend(request: Request, body: DelegationIn, work: Work = command("identity:own")) -> dict[str, Any]:
    """Lend permissions for a window (G-07). Errors: 403 `NOT_YOURS`; 422 `NOT_HELD`, `DELEGATION_WINDOW`."""
    giver = body.from_id or work.actor.id
    row = await create_delegation(work, giver, body.to_id, body.permissions, body.valid_from, body.valid_to, body.reason)
    _forget(request)
    return _shown(DelegationOut, row)


@delegations.get("", response_model=DelegationPage)
async def list_delegations(work: Work = query("identity:own"), page: PageQuery = Depends(page_query)) -> dict[str, Any]:
    """What I lend and what was lent to me."""
    mine = select(delegation).where(or_(delegation.c.from_id == work.actor.id, delegation.c.to_id == work.actor.id))
    rows = (await work.session.execute(page.apply(mine, delegation.c.id))).all()
    return page.page([_shown(DelegationOut, row) for row in rows])


@delegations.post("/{delegation_id}/revoke", response_model=DelegationOut)
async def take_back(delegation_id: UUID, request: Request, work: Work = command("identity:own")) -> dict[str, Any]:
    """Take the permissions back at once."""
    row = await revoke_delegation(work, delegation_id)
    _forget(request)
    return _shown(DelegationOut, row)


def _shown(model: type[BaseModel], row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in model.model_fields if name != "key"}


def _forget(request: Request) -> None:
    """Rights changed: everybody is looked up again."""
    request.app.state.access.forget()
