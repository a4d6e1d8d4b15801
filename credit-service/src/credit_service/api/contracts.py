"""`/contracts`: sales contracts and the review of their clauses."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from shared.records.work import Work
from shared.web.bodies import Body, Day, Days, Paragraph, Word
from shared.web.commands import CommandRoute, command, query
from sqlalchemy import Row

from credit_service.use_cases.review_contract import (
    NewContract,
    contract_of,
    draft_contract,
    make_effective,
    review_clause,
)

router = APIRouter(prefix="/api/v1/contracts", tags=["contracts"], route_class=CommandRoute)


class ContractIn(Body):
    """A contract to be examined."""

    customer_id: UUID
    valid_from: Day
    valid_until: Day
    term_days: Days = Field(examples=[60])
    clauses: list[Word] = Field(min_length=1, max_length=50, examples=[["price", "delivery", "payment"]])


class ReviewIn(Body):
    """What the examination of one clause found (逐一审查)."""

    clause: Word
    result: Literal["pass", "amend", "reject"]
    note: Paragraph = ""


class ContractOut(BaseModel):
    """A contract with the state of its review."""

    id: UUID
    number: str
    customer_id: UUID
    version: int
    state: str
    valid_from: date
    valid_until: date
    term_days: int
    clauses: list[dict[str, Any]]


@router.post("", status_code=201, response_model=ContractOut)
async def draft(body: ContractIn, work: Work = command("customer:write")) -> dict[str, Any]:
    """Enter a contract. Errors: 404; 422."""
    plain = body.model_dump()
    return _shown(await draft_contract(work, NewContract(**plain | {"clauses": tuple(body.clauses)})))


@router.get("/{contract_id}", response_model=ContractOut)
async def read_contract(contract_id: UUID, work: Work = query("customer:read")) -> dict[str, Any]:
    """One contract."""
    return _shown(await contract_of(work, contract_id))


@router.post("/{contract_id}/review", response_model=ContractOut)
async def review(contract_id: UUID, body: ReviewIn, work: Work = command("customer:write")) -> dict[str, Any]:
    """Record the result of one clause (CR-15)."""
    return _shown(await review_clause(work, contract_id, body.clause, body.result, body.note))


@router.post("/{contract_id}/make-effective", response_model=ContractOut)
async def effective(contract_id: UUID, work: Work = command("customer:write")) -> dict[str, Any]:
    """Every clause passed: the contract counts. Errors: 409 `CLAUSES_NOT_PASSED`."""
    return _shown(await make_effective(work, contract_id))


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in ContractOut.model_fields}
