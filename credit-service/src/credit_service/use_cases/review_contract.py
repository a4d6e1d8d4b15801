"""Sales contracts (销售合同): every clause examined one by one before they count (CR-15)."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts.credit import ContractEffective, ContractTerms
from shared.messaging.outbox import publish
from shared.records.audit import write_audit
from shared.records.numbering import next_number
from shared.records.work import Work
from shared.values.errors import Conflict, Invalid, Missing
from shared.values.ids import new_id
from sqlalchemy import Row, insert, select, update

from credit_service.storage.customers import customer_of
from credit_service.storage.tables.file import CONTRACT, contract


@dataclass(frozen=True, slots=True)
class NewContract:
    """What was negotiated; the clauses by name."""

    customer_id: UUID
    valid_from: date
    valid_until: date
    term_days: int
    clauses: tuple[str, ...]


async def draft_contract(work: Work, new: NewContract) -> Row[Any]:
    """Errors: 404; 422 `CONTRACT_DATES`, `CLAUSE_TWICE`."""
    await customer_of(work, new.customer_id)
    if new.valid_until <= new.valid_from:
        raise Invalid("CONTRACT_DATES", "a contract ends after it begins")
    if len(set(new.clauses)) != len(new.clauses):
        raise Invalid("CLAUSE_TWICE", "each clause once")
    values = {
        "id": new_id(),
        "number": await next_number(work.session, "CT", work.day, yearly=True),
        "customer_id": new.customer_id,
        "event_key": str(new.customer_id),
        "state": "DRAFT",
        "valid_from": new.valid_from,
        "valid_until": new.valid_until,
        "term_days": new.term_days,
        "clauses": [{"clause": name, "result": None, "note": "", "reviewer_id": None} for name in new.clauses],
        "created_at": work.now,
    }
    row = (await work.session.execute(insert(contract).values(values).returning(contract))).one()
    await write_audit(work, "contract", row.id, "draft", after={"number": row.number})
    return row


async def review_clause(work: Work, contract_id: UUID, clause: str, result: str, note: str) -> Row[Any]:
    """Record pass, amend or reject. Errors: 404; 409 `CONTRACT_NOT_DRAFT`; 422 `CLAUSE_UNKNOWN`."""
    row = await _lock(work, contract_id)
    if row.state != "DRAFT":
        raise Conflict("CONTRACT_NOT_DRAFT", "the review is over", state=row.state)
    if clause not in {entry["clause"] for entry in row.clauses}:
        raise Invalid("CLAUSE_UNKNOWN", "no such clause in this contract")
    reviewed = {"result": result, "note": note, "reviewer_id": str(work.actor.id)}
    clauses = [entry | reviewed if entry["clause"] == clause else entry for entry in row.clauses]
    return await _change(work, contract_id, clauses=clauses)


async def make_effective(work: Work, contract_id: UUID) -> Row[Any]:
    """Every clause must be `pass`. Errors: 404; 409 `CLAUSES_NOT_PASSED {clauses}`, `CONTRACT_NOT_DRAFT`."""
    row = await _lock(work, contract_id)
    if row.state != "DRAFT":
        raise Conflict("CONTRACT_NOT_DRAFT", "the contract is effective already", state=row.state)
    lacking = [entry["clause"] for entry in row.clauses if entry["result"] != "pass"]
    if lacking:
        raise Conflict("CLAUSES_NOT_PASSED", "every clause must pass", clauses=lacking)
    changed = await _change(work, contract_id, state="EFFECTIVE")
    customer = await customer_of(work, row.customer_id)
    terms = ContractTerms(valid_from=row.valid_from, valid_until=row.valid_until, clauses=len(row.clauses))
    fact = ContractEffective(
        org_unit_id=customer.org_unit_id,
        customer_id=row.customer_id,
        contract_id=row.id,
        terms=terms,
        term_days=row.term_days,
    )
    await publish(work, CONTRACT, row.id, fact, owner_id=customer.owner_id)
    await write_audit(work, "contract", row.id, "make_effective")
    return changed


async def contract_of(work: Work, contract_id: UUID) -> Row[Any]:
    """One contract of a customer in scope. Errors: 404."""
    row = (await work.session.execute(select(contract).where(contract.c.id == contract_id))).first()
    if row is None:
        raise Missing
    await customer_of(work, row.customer_id)
    return row


async def _lock(work: Work, contract_id: UUID) -> Row[Any]:
    await contract_of(work, contract_id)
    return (await work.session.execute(select(contract).where(contract.c.id == contract_id).with_for_update())).one()


async def _change(work: Work, contract_id: UUID, **values: Any) -> Row[Any]:
    changed = update(contract).where(contract.c.id == contract_id).values(version=contract.c.version + 1, **values)
    return (await work.session.execute(changed.returning(contract))).one()
