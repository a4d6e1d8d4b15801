"""Allocate on-account money of a payment to named items by hand (核销, CL-13)."""

from typing import Any
from uuid import UUID

from shared.records.work import Work
from shared.values.errors import Conflict, Invalid, Missing
from sqlalchemy import Row

from credit_service.domain.allocation import Share
from credit_service.storage.accounts import lock_account_of
from credit_service.storage.payments import payment_of
from credit_service.storage.receivables import receivable_of
from credit_service.use_cases.apply_payment import apply_payment
from credit_service.use_cases.conclude import conclude


async def allocate_payment(work: Work, payment_id: UUID, shares: list[Share]) -> Row[Any]:
    """Errors: 404; 409 `PAYMENT_UNMATCHED`; 422 `OVER_ALLOCATED` beyond the money or an item's open amount (CL-13)."""
    known = await payment_of(work.session, payment_id)
    if known is None:
        raise Missing
    if known.customer_id is None:
        raise Conflict("PAYMENT_UNMATCHED", "the payment has no customer yet")
    account = await lock_account_of(work, known.customer_id)
    payment = await payment_of(work.session, payment_id)
    assert payment is not None
    if sum(share.amount_fen for share in shares) > payment.on_account_fen:
        raise Invalid("OVER_ALLOCATED", "more than is on account", on_account_fen=payment.on_account_fen)
    for share in shares:
        item = await receivable_of(work.session, share.receivable_id)
        if item is None or item.customer_id != account.party.customer_id or share.amount_fen > item.open_fen:
            raise Invalid("OVER_ALLOCATED", "more than is open", receivable_id=share.receivable_id)
    await apply_payment(account, payment, shares)
    await conclude(account)
    changed = await payment_of(work.session, payment_id)
    assert changed is not None
    return changed
