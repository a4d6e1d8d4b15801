"""The end of every ledger command: settle, gate, the facts that follow, and their publication."""

from shared.contracts.credit_account import CustomerCleared, ExposureExceeded

from credit_service.domain.allocation import allocate
from credit_service.storage.accounts import LockedAccount
from credit_service.storage.payments import cash_on_account
from credit_service.storage.receivables import debts_of, open_items
from credit_service.use_cases.apply_payment import apply_payment
from credit_service.use_cases.recompute_gate import recompute_gate


async def conclude(account: LockedAccount, *, excess_cause: str | None = None) -> None:
    """Afterwards no customer has both on-account cash and open undisputed items (earmarks apart).

    `excess_cause` names why exposure may now be above the limit; it is told once, when it rose (CR-62, I9).
    """
    await settle(account)
    await recompute_gate(account)
    over = account.state.over_limit_fen
    if excess_cause and over > account.before.over_limit_fen:
        account.fact(ExposureExceeded, amount_fen=over, reason=excess_cause)
    if account.before.ar_fen and not account.state.ar_fen:
        account.fact(CustomerCleared, cleared_at=account.work.now)
    await account.announce()


async def settle(account: LockedAccount) -> None:
    """On-account cash, oldest first, against open undisputed items in the order of allocation."""
    if not (account.state.unapplied_fen and account.state.ar_fen):
        return
    session, customer_id = account.work.session, account.party.customer_id
    for payment in await cash_on_account(session, customer_id):
        debts = debts_of(await open_items(session, customer_id))
        await apply_payment(account, payment, allocate(payment.on_account_fen, debts, payment.value_date))
