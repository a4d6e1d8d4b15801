"""Recompute the gate columns of an account under its lock."""

from credit_service.storage.accounts import LockedAccount
from credit_service.storage.receivables import gate_dates
from credit_service.storage.standing import standing_of


async def recompute_gate(account: LockedAccount) -> None:
    """After any change of line, contract, class, signals, supply stop or ledger."""
    customer_id = account.party.customer_id
    standing = await standing_of(account.work.session, customer_id)
    due_on, aged_on = await gate_dates(account.work.session, customer_id)
    line = standing.line
    await account.put(
        gate=standing.gate(),
        limit_fen=line.limit_fen if line else 0,
        line_valid_until=line.counts_until if line else None,
        oldest_due_on=due_on,
        oldest_aged_on=aged_on,
    )
