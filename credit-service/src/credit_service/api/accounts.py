"""`/accounts`: the row of every gate, the ledger behind it, and whether it all adds up."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from shared.records.work import Work
from shared.web.commands import query
from shared.web.pagination import PageQuery, page_query
from sqlalchemy import select

from credit_service.storage import invariants
from credit_service.storage.accounts import bill_to, read_account
from credit_service.storage.standing import standing_of
from credit_service.storage.tables.ledger import journal, posting

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"])


class AccountOut(BaseModel):
    """An account: amounts in fen, the gate and its dates."""

    customer_id: UUID
    number: str
    gate: str
    limit_fen: int
    ar_fen: int
    bills_fen: int
    held_fen: int
    unapplied_fen: int
    earmarked_fen: int
    available_fen: int
    over_limit_fen: int
    event_seq: int
    line_valid_until: str | None
    oldest_due_on: str | None
    stop_reasons: list[dict[str, Any]]


class InvariantOut(BaseModel):
    """A rule of the ledger, and whether it holds."""

    id: str
    rule: str
    holds: bool
    broken_by: list[str]


class LedgerPage(BaseModel):
    """Postings, oldest first."""

    items: list[dict[str, Any]]
    next: str | None


@router.get("/{customer_id}", response_model=AccountOut)
async def read(customer_id: UUID, work: Work = query("account:read")) -> dict[str, Any]:
    """The account of a customer's bill-to party."""
    party = await bill_to(work, customer_id)
    account = await read_account(work.session, party.customer_id)
    standing = await standing_of(work.session, party.customer_id)
    dates = {
        name: str(getattr(account, name)) if getattr(account, name) else None for name in ("line_valid_until", "oldest_due_on")
    }
    head = {"customer_id": party.customer_id, "number": party.number, "gate": account.gate}
    return head | account.shown() | dates | {"stop_reasons": standing.stop_reasons()}


@router.get("/{customer_id}/ledger", response_model=LedgerPage)
async def ledger(customer_id: UUID, work: Work = query("ledger:read"), page: PageQuery = Depends(page_query)) -> dict[str, Any]:
    """The postings of the account."""
    party = await bill_to(work, customer_id)
    columns = (journal.c.id, journal.c.kind, journal.c.ref, journal.c.effective_on, journal.c.posted_at)
    found = select(*columns).where(journal.c.id.in_(select(posting.c.journal_id).where(posting.c.customer_id == party.customer_id)))
    heads = [dict(row) for row in (await work.session.execute(page.apply(found, journal.c.id))).mappings()]
    lines = await work.session.execute(select(posting).where(posting.c.journal_id.in_([head["id"] for head in heads])))
    by_journal: dict[UUID, list[dict[str, Any]]] = {}
    for row in lines:
        by_journal.setdefault(row.journal_id, []).append({"acct": row.acct, "dr_fen": row.dr_fen, "cr_fen": row.cr_fen})
    return page.page([head | {"postings": by_journal[head["id"]]} for head in heads])


@router.get("/{customer_id}/invariants", response_model=list[InvariantOut])
async def check_invariants(customer_id: UUID, work: Work = query("ledger:read")) -> list[dict[str, Any]]:
    """Whether the ledger of this account adds up (I1–I10)."""
    party = await bill_to(work, customer_id)
    return invariants.described(await invariants.broken(work.session, party.customer_id))
