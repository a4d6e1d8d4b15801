"""`/customers`: the file, masked but for those who may read it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from shared.contracts.credit import CustomerType, LegalForm
from shared.records.audit import write_audit
from shared.records.masks import mask_address, mask_name, mask_phone
from shared.records.sealing import CustomerSeal, seal_of, seals_of
from shared.records.work import Work
from shared.web.bodies import Body, Line, Word
from shared.web.commands import CommandRoute, command, query
from shared.web.pagination import PageQuery, page_query
from shared.web.runtime import runtime_of
from shared.web.versions import ExpectedVersion, tag
from sqlalchemy import Row, select

from credit_service.storage.customers import PERSONAL, customer_of, in_scope
from credit_service.storage.tables.file import customer
from credit_service.use_cases.register_customer import NewCustomer, change_file, register_customer

router = APIRouter(prefix="/api/v1/customers", tags=["customers"], route_class=CommandRoute)
Phone = Annotated[str, Field(pattern=r"^\+?[0-9][0-9 ()-]{4,24}$", examples=["13800001234"])]
Uscc = Annotated[str, Field(pattern=r"^[0-9A-Z]{15,20}$", examples=["91440300MA5EXAMPL1"])]
Size = Literal["LARGE", "MEDIUM", "SMALL", "MICRO", "GOV"]
BusinessType = Literal["A", "B"]
PLAIN = ("id", "number", "version", "org_unit_id", "owner_id", "type", "legal_form", "status", "category", "uscc", "size",
         "business_type", "bill_to_id", "managed", "customer_class", "key_account", "account_manager_id", "profile")  # fmt: skip
MASKS = {"name": mask_name, "phone": mask_phone, "address": mask_address}


class CustomerIn(Body):
    """A new customer: category, name, address and phone are mandatory (CR-01)."""

    name: Line = Field(examples=["深圳市华强贸易有限公司"])
    phone: Phone
    address: Line = Field(examples=["深圳市福田区华强北路1号"])
    category: Word = Field(examples=["家电"])
    type: CustomerType
    legal_form: LegalForm
    uscc: Uscc | None = None
    size: Size | None = None
    business_type: BusinessType = "B"
    owner_id: UUID | None = Field(None, description="the salesperson; the caller if left out")
    org_unit_id: UUID | None = None
    account_manager_id: UUID | None = None
    key_account: bool = False
    profile: dict[Word, Line] = Field(default_factory=dict, description="the other items of block A, B, C, D", max_length=50)


class CustomerChange(Body):
    """What is left out stays as it is."""

    name: Line | None = None
    phone: Phone | None = None
    address: Line | None = None
    category: Word | None = None
    size: Size | None = None
    business_type: BusinessType | None = None
    owner_id: UUID | None = None
    status: Literal["active", "suspended", "archived"] | None = None
    profile: dict[Word, Line] | None = Field(None, max_length=50)


class CustomerOut(BaseModel):
    """A customer file; `masked` says whether personal values are shortened."""

    id: UUID
    number: str
    version: int
    org_unit_id: UUID
    owner_id: UUID
    type: str
    legal_form: str
    status: str
    name: str
    phone: str
    address: str
    category: str
    uscc: str | None
    size: str | None
    business_type: str
    bill_to_id: UUID
    managed: bool
    customer_class: str | None
    key_account: bool
    account_manager_id: UUID | None
    profile: dict[str, Any]
    masked: bool


class CustomerPage(BaseModel):
    """One page of customers, masked for everyone."""

    items: list[CustomerOut]
    next: str | None


class RevealIn(Body):
    """Which personal values, and why."""

    fields: list[Literal["name", "phone", "address"]] = Field(min_length=1, max_length=3)
    reason: Line


@router.post("", status_code=201, response_model=CustomerOut)
async def register(
    request: Request, response: Response, body: CustomerIn, work: Work = command("customer:write")
) -> dict[str, Any]:
    """Open a customer file. Errors: 409 `CUSTOMER_EXISTS`; 422."""
    ring = runtime_of(request).ring
    row = await register_customer(work, ring, NewCustomer(**body.model_dump()))
    tag(response, row.version)
    return _shown(row, await seal_of(work.session, ring, row.id), masked=False)


@router.get("", response_model=CustomerPage)
async def list_customers(
    request: Request, work: Work = query("customer:read"), page: PageQuery = Depends(page_query)
) -> dict[str, Any]:
    """The customers in the caller's scope, masked."""
    statement = page.apply(select(customer).where(in_scope(work)), customer.c.id)
    rows = (await work.session.execute(statement)).all()
    seals = await seals_of(work.session, runtime_of(request).ring, [row.id for row in rows])
    return page.page([_shown(row, seals[row.id], masked=True) for row in rows])


@router.get("/{customer_id}", response_model=CustomerOut)
async def read_customer(
    customer_id: UUID, request: Request, response: Response, work: Work = query("customer:read")
) -> dict[str, Any]:
    """One file: in full with `customer:pii`, which leaves an access row (G-10); otherwise masked."""
    row = await customer_of(work, customer_id)
    full = work.actor.grant("customer:pii", work.now) is not None
    if full:
        await write_audit(work, "customer", row.id, "read_in_full")
    tag(response, row.version)
    return _shown(row, await seal_of(work.session, runtime_of(request).ring, row.id), masked=not full)


@router.patch("/{customer_id}", response_model=CustomerOut)
async def change_customer(
    customer_id: UUID,
    request: Request,
    response: Response,
    body: CustomerChange,
    version: ExpectedVersion,
    work: Work = command("customer:write"),
) -> dict[str, Any]:
    """Change the file; `If-Match` names the version. Nothing is ever deleted: archive it (CR-05)."""
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    ring = runtime_of(request).ring
    row = await change_file(work, ring, customer_id, version, changes)
    tag(response, row.version)
    return _shown(row, await seal_of(work.session, ring, row.id), masked=True)


@router.post("/{customer_id}/reveal")
async def reveal(
    customer_id: UUID, request: Request, body: RevealIn, work: Work = command("customer:reveal")
) -> dict[str, str | None]:
    """Show personal values for a reason; audited with it (G-10)."""
    row = await customer_of(work, customer_id)
    seal = await seal_of(work.session, runtime_of(request).ring, customer_id)
    await write_audit(work, "customer", customer_id, "reveal", after={"fields": body.fields}, reason=body.reason)
    return {name: seal.open(row._mapping[name]) for name in body.fields}


def _shown(row: Row[Any], seal: CustomerSeal, *, masked: bool) -> dict[str, Any]:
    opened = {name: seal.open(row._mapping[name]) for name in PERSONAL}
    personal = {name: MASKS[name](value) if masked else value or "***" for name, value in opened.items()}
    return {name: row._mapping[name] for name in PLAIN} | personal | {"masked": masked}
