"""Earmark on-account cash to an order, and give it back when the order's hold ends."""

from credit_service.storage.accounts import LockedAccount
from credit_service.storage.payments import (
    cash_on_account,
    change_earmark,
    change_payment,
    earmarks_of_order,
)


async def earmark_cash(account: LockedAccount, order_ref: str, amount_fen: int) -> None:
    """Take the oldest on-account money; the account's columns were moved by the statement that took it."""
    session = account.work.session
    for payment in await cash_on_account(session, account.party.customer_id):
        taken = min(amount_fen, payment.on_account_fen)
        if not taken:
            break
        await change_payment(session, payment.id, on_account_fen=-taken, earmarked_fen=taken)
        await change_earmark(session, payment.id, order_ref, taken)
        amount_fen -= taken
    if amount_fen:
        raise RuntimeError("the account has more on-account cash than its payments")


async def return_earmarks(account: LockedAccount, order_ref: str) -> None:
    """What an ended order did not use goes back to on-account cash."""
    session = account.work.session
    for mark in await earmarks_of_order(session, account.party.customer_id, order_ref):
        await change_earmark(session, mark.payment_id, order_ref, -mark.amount_fen)
        await change_payment(session, mark.payment_id, earmarked_fen=-mark.amount_fen, on_account_fen=mark.amount_fen)
        await account.move(earmarked_fen=-mark.amount_fen, unapplied_fen=mark.amount_fen)
