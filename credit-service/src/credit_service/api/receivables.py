"""`/receivables`: what customers owe."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from shared.records.work import Work
from shared.values.errors import Invalid, Missing
from shared.web.bodies import Body, Day, PositiveFen, Word
from shared.web.commands import CommandRoute, command, query
from shared.web.pagination import PageQuery, page_query
from sqlalchemy import Row, select

from credit_service.storage.accounts import bill_to
from credit_service.storage.customers import in_scope
from credit_service.storage.receivables import receivable_of
from credit_service.storage.tables.file import customer
from credit_service.storage.tables.ledger import receivable
from credit_service.use_cases.post_receivable import OtherDebt, Shipped, post_other, post_shipment

router = APIRouter(prefix="/api/v1/receivables", tags=["receivables"], route_class=CommandRoute)
OtherKind = Literal["deposit", "on_account", "property_fee", "rent_bill", "compensation", "fine", "employee_advance", "other"]


class ReceivableIn(Body):
    """Goods that left (`shipped_on`, with the release token or customer, order and shipment), or another debt (`kind`)."""

    token: Word | None = Field(None, description="the token of the shipment check")
    shipped_on: Day | None = None
    customer_id: UUID | None = None
    order_ref: Word | None = None
    shipment_ref: Word | None = None
    amount_fen: PositiveFen | None = None
    invoice_ref: Word | None = None
    kind: OtherKind | None = None
    occurred_on: Day | None = None
    due_on: Day | None = None


class ReceivableOut(BaseModel):
    """A receivable; `open_fen` is what is still owed."""

    id: UUID
    customer_id: UUID
    ref: str
    kind: str
    component: str
    amount_fen: int
    open_fen: int
    disputed_fen: int
    order_ref: str | None
    shipment_ref: str | None
    invoice_ref: str | None
    occurred_on: date
    shipped_on: date | None
    due_on: date
    limitation_on: date
    overdue_event_on: date | None
    settled_on: date | None
    state: str


class ReceivablePage(BaseModel):
    """One page of receivables."""

    items: list[ReceivableOut]
    next: str | None


@router.post("", status_code=201, response_model=ReceivableOut)
async def post(body: ReceivableIn, work: Work = command("receivable:post", key="required")) -> dict[str, Any]:
    """Post a receivable. Errors: 403 `TOKEN_EXPIRED` without a live release; 404; 422."""
    if body.shipped_on is not None:
        names = ("shipped_on", "token", "amount_fen", "invoice_ref", "customer_id", "order_ref", "shipment_ref")
        return _shown(await post_shipment(work, Shipped(**{name: getattr(body, name) for name in names})))
    if body.customer_id is None or body.kind is None or body.amount_fen is None or body.occurred_on is None:
        raise Invalid("RECEIVABLE_INCOMPLETE", "shipped_on with a token, or customer_id, kind, amount_fen and occurred_on")
    other = OtherDebt(body.customer_id, body.kind, body.amount_fen, body.occurred_on, body.due_on, body.order_ref)
    return _shown(await post_other(work, other))


@router.get("", response_model=ReceivablePage)
async def list_receivables(
    customer_id: UUID | None = None,
    open_only: bool = False,
    work: Work = query("ledger:read"),
    page: PageQuery = Depends(page_query),
) -> dict[str, Any]:
    """The receivables of customers in scope."""
    mine = select(receivable).join(customer, customer.c.id == receivable.c.customer_id).where(in_scope(work))
    if customer_id is not None:
        mine = mine.where(receivable.c.customer_id == customer_id)
    if open_only:
        mine = mine.where(receivable.c.open_fen > 0)
    rows = (await work.session.execute(page.apply(mine, receivable.c.id))).all()
    return page.page([_shown(row) for row in rows])


@router.get("/{receivable_id}", response_model=ReceivableOut)
async def read_receivable(receivable_id: UUID, work: Work = query("ledger:read")) -> dict[str, Any]:
    """One receivable."""
    row = await receivable_of(work.session, receivable_id)
    if row is None:
        raise Missing
    await bill_to(work, row.customer_id)
    return _shown(row)


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in ReceivableOut.model_fields}
