"""A payment bounces or is taken back: proposed by one person, confirmed by another; never refused for what it causes."""

from typing import Any
from uuid import UUID

from shared.contracts.credit_account import PaymentReversed, ReversedLine
from sqlalchemy import Row

from credit_service.storage.accounts import LockedAccount
from credit_service.storage.holds import last_hold, save_hold
from credit_service.storage.journals import Entry, post
from credit_service.storage.payments import (
    change_earmark,
    change_payment,
    earmarked_to,
    earmarks_of_payment,
    live_allocations,
    reverse_allocations,
)
from credit_service.storage.receivables import change_open
from credit_service.use_cases.apply_payment import tell_balance
from credit_service.use_cases.conclude import conclude
from credit_service.use_cases.post_receivable import book_clawback
from credit_service.use_cases.revoke_releases import revoke_releases


async def reverse_payment(account: LockedAccount, payment: Row[Any], reason: str, cause: str) -> None:
    """Take on-account cash, then earmarks, then allocations, newest first; what was refunded is owed again (I10)."""
    lines = await _reopen(account, payment)
    await _take_earmarks(account, payment)
    paid = await _take_cash(account, payment)
    account.fact(
        PaymentReversed,
        payment_id=payment.id,
        value_date=payment.value_date,
        reason=reason,
        allocations=[line for line, _ in lines],
        on_account_fen=paid.on_account_fen,
    )
    for _, row in lines:
        tell_balance(account, row, "reversal", payment.id)
    await book_clawback(account, payment.refunded_fen)
    await conclude(account, excess_cause=cause)


async def _reopen(account: LockedAccount, payment: Row[Any]) -> list[tuple[ReversedLine, Row[Any]]]:
    """Undo the allocations, journal by journal: the money is on account again for a moment."""
    session, work = account.work.session, account.work
    lines: list[tuple[ReversedLine, Row[Any]]] = []
    by_journal: dict[UUID, list[Row[Any]]] = {}
    for allocated in await live_allocations(session, payment.id):
        by_journal.setdefault(allocated.journal_id, []).append(allocated)
    for journal_id, together in by_journal.items():
        entries = [Entry("AR", "ON_ACCOUNT", row.amount_fen) for row in together]
        party = account.party.customer_id
        undone = await post(work, party, "ALLOCATION_REVERSAL", str(journal_id), work.day, entries, reverses=journal_id)
        await reverse_allocations(session, [row.id for row in together], undone)
        for row in together:
            item = await change_open(session, row.receivable_id, row.amount_fen, work.day)
            line = ReversedLine(receivable_id=item.id, amount_fen=row.amount_fen, open_fen_after=item.open_fen)
            lines.append((line, item))
        total = sum(row.amount_fen for row in together)
        await account.move(ar_fen=total, unapplied_fen=total)
        await change_payment(session, payment.id, on_account_fen=total)
    return lines


async def _take_earmarks(account: LockedAccount, payment: Row[Any]) -> None:
    """The hold's prepaid money becomes missing, as far as no other earmark of the order covers it; its tokens are revoked."""
    session, customer_id = account.work.session, account.party.customer_id
    for mark in await earmarks_of_payment(session, payment.id):
        await change_earmark(session, payment.id, mark.order_ref, -mark.amount_fen)
        await change_payment(session, payment.id, earmarked_fen=-mark.amount_fen, on_account_fen=mark.amount_fen)
        await account.move(earmarked_fen=-mark.amount_fen, unapplied_fen=mark.amount_fen)
        hold = await last_hold(session, customer_id, mark.order_ref)
        if hold is None or not hold.is_live:
            continue
        lost = hold.prepaid_fen - await earmarked_to(session, customer_id, mark.order_ref)
        if lost > 0:
            await revoke_releases(account, [{"code": "PREPAYMENT_MISSING", "short_fen": lost}], hold_id=hold.id)
            hold = await last_hold(session, customer_id, mark.order_ref)
            assert hold is not None
            await save_hold(session, hold.bounced(lost))


async def _take_cash(account: LockedAccount, payment: Row[Any]) -> Row[Any]:
    """The receipt's own journal, reversed, for all that was not refunded."""
    rest = payment.amount_fen - payment.refunded_fen
    is_bill = payment.kind == "BILL" and payment.honoured_on is None
    entry = Entry("ON_ACCOUNT", "BILLS" if is_bill else "BANK", rest)
    clawed = [Entry("SALES_CLEARING", "BILLS" if is_bill else "BANK", payment.refunded_fen)] if payment.refunded_fen else []
    work = account.work
    await post(work, account.party.customer_id, "PAYMENT_REVERSAL", str(payment.id), work.day, [entry, *clawed])
    await account.move(unapplied_fen=-rest, bills_fen=-rest if is_bill else 0)
    return await change_payment(work.session, payment.id, on_account_fen=-rest, state="REVERSED")
