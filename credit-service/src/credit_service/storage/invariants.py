"""The ledger's invariants as queries: each gives the rows that break it (I1–I6, I8, I9)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule, and the query that finds what breaks it; `:customer` narrows it to one customer (null: all)."""

    id: str
    rule: str
    query: str


def _mine(column: str = "a.customer_id") -> str:
    return f"(CAST(:customer AS uuid) IS NULL OR {column} = :customer)"


SUMS = """(SELECT coalesce(sum({sign}), 0) FROM posting p WHERE p.customer_id = a.customer_id AND p.acct = '{acct}')"""
AR = SUMS.format(sign="dr_fen - cr_fen", acct="AR")
CASH = SUMS.format(sign="cr_fen - dr_fen", acct="ON_ACCOUNT")
BILLS = SUMS.format(sign="dr_fen - cr_fen", acct="BILLS")

INVARIANTS = (
    Invariant("I1", "Σ debits = Σ credits > 0 per journal", f"""
SELECT p.journal_id FROM posting p WHERE {_mine("p.customer_id")} GROUP BY p.journal_id
HAVING sum(dr_fen) <> sum(cr_fen) OR sum(dr_fen) = 0"""),
    Invariant("I2", "account = Σ postings = Σ open items", f"""
SELECT a.customer_id FROM account a WHERE {_mine()} AND (a.ar_fen <> {AR} OR a.unapplied_fen + a.earmarked_fen <> {CASH}
  OR a.bills_fen <> {BILLS}
  OR a.ar_fen <> (SELECT coalesce(sum(open_fen), 0) FROM receivable r WHERE r.customer_id = a.customer_id))"""),
    Invariant("I3", "held = Σ live holds; earmarked = Σ earmarks ≥ Σ prepaid", f"""
SELECT a.customer_id FROM account a WHERE {_mine()} AND (
  a.held_fen <> (SELECT coalesce(sum(held_fen), 0) FROM hold h WHERE h.customer_id = a.customer_id AND h.state IN ('HELD','PARTLY'))
  OR a.earmarked_fen <> (SELECT coalesce(sum(e.amount_fen), 0) FROM earmark e JOIN payment p ON p.id = e.payment_id
    WHERE p.customer_id = a.customer_id)
  OR a.earmarked_fen < (SELECT coalesce(sum(prepaid_fen), 0) FROM hold h WHERE h.customer_id = a.customer_id
    AND h.state IN ('HELD','PARTLY')))"""),
    Invariant("I4", "open = amount − allocated ≥ disputed ≥ 0", f"""
SELECT r.id FROM receivable r WHERE {_mine("r.customer_id")} AND r.open_fen <> r.amount_fen
  - (SELECT coalesce(sum(amount_fen), 0) FROM allocation l WHERE l.receivable_id = r.id AND l.reversed_by IS NULL)"""),
    Invariant("I5", "payment = allocated + on account + earmarked + refunded", f"""
SELECT p.id FROM payment p WHERE {_mine("p.customer_id")} AND p.state = 'APPLIED' AND p.amount_fen <> p.on_account_fen
  + p.earmarked_fen + p.refunded_fen
  + (SELECT coalesce(sum(amount_fen), 0) FROM allocation l WHERE l.payment_id = p.id AND l.reversed_by IS NULL)"""),
    Invariant("I6", "reserved = Σ issued releases; a hold ends once", f"""
SELECT h.id FROM hold h WHERE {_mine("h.customer_id")} AND (h.reserved_fen <> (SELECT coalesce(sum(amount_fen), 0)
  FROM release r WHERE r.hold_id = h.id AND r.state = 'ISSUED')
  OR (h.state NOT IN ('HELD','PARTLY') AND h.held_fen + h.prepaid_fen + h.missing_fen <> 0)
  OR h.consumed_fen + h.reserved_fen + h.released_fen > h.amount_fen)"""),
    Invariant("I7", "one receivable per shipment, one use per token", f"""
SELECT r.shipment_ref FROM receivable r WHERE {_mine("r.customer_id")} AND r.shipment_ref IS NOT NULL
  AND r.state <> 'CANCELLED' GROUP BY r.customer_id, r.shipment_ref, r.component HAVING count(*) > 1"""),
    Invariant("I8", "the events of the account are contiguous", f"""
SELECT a.customer_id FROM account a WHERE {_mine()} AND a.event_seq <> (SELECT count(*) FROM outbox o
  WHERE o.aggregate_type = 'account' AND o.aggregate_id = a.customer_id)"""),
    Invariant("I9", "no exposure above the limit without a recorded cause", f"""
SELECT a.customer_id FROM account a WHERE {_mine()} AND a.ar_fen + a.bills_fen + a.held_fen - a.unapplied_fen > a.limit_fen
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.aggregate_id = a.customer_id AND o.type = 'credit.exposure.exceeded.v1')
  AND NOT EXISTS (SELECT 1 FROM override v WHERE v.customer_id = a.customer_id AND v.state = 'USED')"""),
    Invariant("I10", "a reversed payment holds nothing", f"""
SELECT p.id FROM payment p WHERE {_mine("p.customer_id")} AND p.state = 'REVERSED' AND (p.on_account_fen + p.earmarked_fen > 0
  OR EXISTS (SELECT 1 FROM allocation l WHERE l.payment_id = p.id AND l.reversed_by IS NULL))"""),
)  # fmt: skip


async def broken(session: AsyncSession, customer_id: UUID | None = None) -> dict[str, list[str]]:
    """What breaks which invariant; an empty list where it holds."""
    found: dict[str, list[str]] = {}
    for invariant in INVARIANTS:
        rows = await session.execute(text(invariant.query), {"customer": customer_id})
        found[invariant.id] = [str(row[0]) for row in rows]
    return found


def described(found: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The result as an answer shows it."""
    return [
        {"id": item.id, "rule": item.rule, "holds": not found[item.id], "broken_by": found[item.id][:20]} for item in INVARIANTS
    ]
