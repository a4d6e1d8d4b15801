"""Give on-account money back, honour a bill: never with the exposure above the limit afterwards (I15)."""

from typing import Any
from uuid import UUID

from shared.records.work import Work
from shared.values.errors import Conflict, Missing
from shared.values.ids import new_id
from sqlalchemy import Row

from credit_service.storage.accounts import LockedAccount, lock_account_of
from credit_service.storage.journals import Entry, post
from credit_service.storage.payments import change_payment, payment_of
from credit_service.use_cases.conclude import conclude


async def refund_payment(account: LockedAccount, payment: Row[Any], amount_fen: int) -> None:
    """Errors: 409 `BILL_NOT_HONOURED`, `REFUND_ABOVE_CASH`, `REFUND_RAISES_EXPOSURE`."""
    if payment.kind == "BILL" and payment.honoured_on is None:
        raise Conflict("BILL_NOT_HONOURED", "a bill is refunded after it was honoured")
    if amount_fen > payment.on_account_fen:
        raise Conflict("REFUND_ABOVE_CASH", "more than is on account", on_account_fen=payment.on_account_fen)
    if account.state.exposure_fen + amount_fen > account.state.limit_fen:
        raise Conflict("REFUND_RAISES_EXPOSURE", "the exposure would lie above the limit")
    work = account.work
    await account.move(unapplied_fen=-amount_fen)
    await post(work, account.party.customer_id, "REFUND", str(new_id()), work.day, [Entry("ON_ACCOUNT", "BANK", amount_fen)])
    await change_payment(work.session, payment.id, on_account_fen=-amount_fen, refunded_fen=amount_fen)
    await conclude(account)


async def honour_bill(work: Work, payment_id: UUID) -> Row[Any]:
    """The bill (承兑) was paid: it no longer counts as exposure. Errors: 404; 409 `NOT_A_BILL`, `BILL_HONOURED`."""
    known = await payment_of(work.session, payment_id)
    if known is None or known.customer_id is None:
        raise Missing
    account = await lock_account_of(work, known.customer_id)
    bill = await payment_of(work.session, payment_id)
    assert bill is not None
    if bill.kind != "BILL" or bill.state == "REVERSED":
        raise Conflict("NOT_A_BILL", "only a living bill can be honoured")
    if bill.honoured_on is not None:
        raise Conflict("BILL_HONOURED", "the bill was honoured before")
    await post(
        work,
        account.party.customer_id,
        "BILL_HONOURED",
        str(bill.id),
        work.day,
        [Entry("BANK", "BILLS", bill.amount_fen)],
    )
    await account.move(bills_fen=-bill.amount_fen)
    changed = await change_payment(work.session, bill.id, honoured_on=work.day)
    await conclude(account)
    return changed
