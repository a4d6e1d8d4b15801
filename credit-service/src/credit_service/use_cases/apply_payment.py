"""Allocate money that lies on account to items, with journal, allocation rows and facts (核销, CL-13)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.contracts.credit_account import (
    AllocationLine,
    PaymentApplied,
    ReceivableBalanceChanged,
    ReceivableSettled,
)
from shared.values.ids import new_id
from sqlalchemy import Row

from credit_service.domain.allocation import Share
from credit_service.storage.accounts import LockedAccount
from credit_service.storage.journals import Entry, post
from credit_service.storage.payments import add_allocations, change_payment
from credit_service.storage.receivables import change_open, receivable_of


async def apply_payment(account: LockedAccount, payment: Row[Any], shares: Sequence[Share], *, earmarked: bool = False) -> None:
    """Move `shares` of a payment from on-account (or earmarked) money to receivables; tells the facts, publishes nothing."""
    total = sum(share.amount_fen for share in shares)
    if not total:
        return
    session, day = account.work.session, account.work.day
    items = [row for share in shares if (row := await receivable_of(session, share.receivable_id))]
    effective_on = max(payment.value_date, *(row.occurred_on for row in items))
    entries = [Entry("ON_ACCOUNT", "AR", share.amount_fen) for share in shares]
    journal_id = await post(account.work, account.party.customer_id, "ALLOCATION", str(new_id()), effective_on, entries)
    await add_allocations(session, [_row(journal_id, payment.id, share, effective_on) for share in shares])
    changed = [await change_open(session, share.receivable_id, -share.amount_fen, day) for share in shares]
    source = "earmarked_fen" if earmarked else "on_account_fen"
    paid = await change_payment(session, payment.id, **{source: -total})
    await account.move(ar_fen=-total, **{"earmarked_fen" if earmarked else "unapplied_fen": -total})
    lines = [_line(row, share) for row, share in zip(changed, shares, strict=True)]
    account.fact(
        PaymentApplied,
        payment_id=payment.id,
        value_date=payment.value_date,
        posted_at=account.work.now,
        amount_fen=total,
        allocations=lines,
        on_account_fen=paid.on_account_fen,
    )
    for row in changed:
        tell_balance(account, row, "payment", payment.id)
        if row.open_fen == 0:
            _tell_settled(account, row)


def state_of(row: Row[Any]) -> dict[str, Any]:
    """The absolute state of a receivable, as every event about it carries it."""
    names = ("ref", "kind", "amount_fen", "open_fen", "disputed_fen", "shipped_on", "due_on", "order_ref")
    return {"receivable_id": row.id} | {name: row._mapping[name] for name in names}


def tell_balance(account: LockedAccount, row: Row[Any], cause: str, cause_id: UUID) -> None:
    """Another open amount."""
    account.fact(ReceivableBalanceChanged, cause=cause, cause_id=cause_id, **state_of(row))


def _tell_settled(account: LockedAccount, row: Row[Any]) -> None:
    day = account.work.day
    days = (day - row.occurred_on).days
    account.fact(ReceivableSettled, settled_on=day, days_to_pay=days, within_contract=day <= row.due_on, **state_of(row))


def _row(journal_id: UUID, payment_id: UUID, share: Share, effective_on: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "journal_id": journal_id,
        "payment_id": payment_id,
        "receivable_id": share.receivable_id,
        "amount_fen": share.amount_fen,
        "effective_on": effective_on,
    }


def _line(row: Row[Any], share: Share) -> AllocationLine:
    return AllocationLine(receivable_id=row.id, component=row.component, amount_fen=share.amount_fen, open_fen_after=row.open_fen)
