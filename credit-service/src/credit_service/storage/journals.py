"""Double entry: journals and postings; corrections only by reversal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from shared.records.work import Work
from shared.values.ids import new_id
from sqlalchemy import insert

from credit_service.storage.tables.ledger import journal, posting

Acct = Literal[
    "AR", "ON_ACCOUNT", "BILLS", "SALES_CLEARING", "BANK", "INTEREST", "FEES", "CREDIT_NOTE", "BAD_DEBT",
    "BAD_DEBT_RECOVERED", "OPENING",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """So much from one account of the books to the other: Dr `debit`, Cr `credit`, in fen."""

    debit: Acct
    credit: Acct
    amount_fen: int


async def post(
    work: Work,
    customer_id: UUID,
    kind: str,
    ref: str,
    effective_on: date,
    entries: Sequence[Entry],
    *,
    reverses: UUID | None = None,
) -> UUID:
    """Write one journal whose debits equal its credits; (kind, ref) is posted once. Returns its id."""
    journal_id = new_id()
    head = {
        "id": journal_id,
        "kind": kind,
        "ref": ref,
        "effective_on": effective_on,
        "posted_at": work.now,
        "reverses": reverses,
    }
    await work.session.execute(insert(journal).values(head))
    lines = [line for entry in entries if entry.amount_fen for line in _lines(entry)]
    rows = [{"journal_id": journal_id, "line": number, "customer_id": customer_id, **line} for number, line in enumerate(lines, 1)]
    await work.session.execute(insert(posting), rows)
    return journal_id


def _lines(entry: Entry) -> list[dict[str, object]]:
    return [
        {"acct": entry.debit, "dr_fen": entry.amount_fen, "cr_fen": 0},
        {"acct": entry.credit, "dr_fen": 0, "cr_fen": entry.amount_fen},
    ]
