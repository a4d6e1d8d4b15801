"""Money comes in: posted, earmarked to its order, allocated; the rest stays on account (CL-13, CL-14)."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts.credit_account import PaidByEmployee, PaymentReceived
from shared.records.numbering import next_number
from shared.records.work import Work
from shared.values.errors import Conflict, Invalid, Missing
from shared.values.ids import new_id
from sqlalchemy import Row

from credit_service.domain.allocation import Share
from credit_service.storage.accounts import LockedAccount, lock_account_of
from credit_service.storage.holds import last_hold, save_hold
from credit_service.storage.journals import Entry, post
from credit_service.storage.payments import (
    add_payment,
    change_earmark,
    change_payment,
    earmarked_to,
    payment_by_dedupe_key,
    payment_of,
)
from credit_service.storage.receivables import receivable_of
from credit_service.use_cases.apply_payment import apply_payment
from credit_service.use_cases.conclude import conclude


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the bank statement says; amounts in fen. `designated`: items that the payer named, in his order."""

    payer_type: str
    kind: str
    amount_fen: int
    value_date: date
    customer_id: UUID | None = None
    payer_name: str | None = None
    employee_id: UUID | None = None
    bank_account: str | None = None
    serial: str | None = None
    reference: str | None = None
    order_ref: str | None = None
    designated: tuple[UUID, ...] = ()

    @property
    def dedupe_key(self) -> str:
        """Bank account and serial, else a hash of payer, amount, value date, kind and reference."""
        if self.bank_account and self.serial:
            return f"{self.bank_account}/{self.serial}"
        what = [
            self.payer_name,
            str(self.customer_id),
            self.amount_fen,
            str(self.value_date),
            self.kind,
            self.reference,
        ]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()


async def receive_payment(work: Work, receipt: Receipt) -> Row[Any]:
    """Post a receipt. Errors: 404; 409 `PAYMENT_KNOWN {payment_id}`; 422 `VALUE_DATE_IN_FUTURE`."""
    if receipt.value_date > work.day:
        raise Invalid("VALUE_DATE_IN_FUTURE", "a value date is at most today")
    known = await payment_by_dedupe_key(work.session, receipt.dedupe_key)
    if known is not None:
        raise Conflict("PAYMENT_KNOWN", "this receipt was entered before", payment_id=known.id)
    if receipt.customer_id is None or receipt.payer_type == "third_party":
        return await _store(work, receipt, None, "UNMATCHED")
    account = await lock_account_of(work, receipt.customer_id)
    row = await _store(work, receipt, account.party.customer_id, "APPLIED")
    await _post(account, row, receipt)
    if receipt.order_ref:
        await _earmark(account, row, receipt.order_ref)
    await _designate(account, row, receipt.designated)
    await conclude(account)
    return await _again(work, row.id)


async def _again(work: Work, payment_id: UUID) -> Row[Any]:
    row = await payment_of(work.session, payment_id)
    if row is None:
        raise Missing
    return row


async def _store(work: Work, receipt: Receipt, customer_id: UUID | None, state: str) -> Row[Any]:
    values = {
        "id": new_id(),
        "number": await next_number(work.session, "PAY", work.day, yearly=True),
        "customer_id": customer_id,
        "kind": receipt.kind,
        "payer_type": receipt.payer_type,
        "employee_id": receipt.employee_id,
        "amount_fen": receipt.amount_fen,
        "value_date": receipt.value_date,
        "posted_at": work.now,
        "dedupe_key": receipt.dedupe_key,
        "order_ref": receipt.order_ref,
        "on_account_fen": receipt.amount_fen if customer_id else 0,
        "state": state,
    }
    return await add_payment(work.session, values)


async def _post(account: LockedAccount, row: Row[Any], receipt: Receipt) -> None:
    """Bank (or the bill portfolio) against on-account money, and the fact."""
    debit = Entry("BILLS" if receipt.kind == "BILL" else "BANK", "ON_ACCOUNT", receipt.amount_fen)
    await post(account.work, account.party.customer_id, "PAYMENT", str(row.id), receipt.value_date, [debit])
    bills = receipt.amount_fen if receipt.kind == "BILL" else 0
    await account.move(unapplied_fen=receipt.amount_fen, bills_fen=bills)
    account.fact(
        PaymentReceived,
        payment_id=row.id,
        payer_type=receipt.payer_type,
        method=receipt.kind,
        amount_fen=receipt.amount_fen,
        value_date=receipt.value_date,
        posted_at=account.work.now,
    )
    if receipt.payer_type == "employee":
        account.fact(PaidByEmployee, payment_id=row.id, employee_id=receipt.employee_id, amount_fen=receipt.amount_fen)


async def _earmark(account: LockedAccount, row: Row[Any], order_ref: str) -> None:
    """An order's payment is earmarked at receipt and first fills what is missing; after the order's end it stays on account."""
    session = account.work.session
    hold = await last_hold(session, account.party.customer_id, order_ref)
    if hold is not None and not hold.is_live:
        return
    await change_payment(session, row.id, on_account_fen=-row.amount_fen, earmarked_fen=row.amount_fen)
    await change_earmark(session, row.id, order_ref, row.amount_fen)
    await account.move(unapplied_fen=-row.amount_fen, earmarked_fen=row.amount_fen)
    if hold is not None and hold.missing_fen:
        spare = await earmarked_to(session, account.party.customer_id, order_ref) - hold.prepaid_fen
        await save_hold(session, hold.filled(min(spare, hold.missing_fen)))


async def _designate(account: LockedAccount, row: Row[Any], designated: tuple[UUID, ...]) -> None:
    """Items that the payer named come first, in his order, disputed parts included."""
    if not designated:
        return
    left, shares = (await _again(account.work, row.id)).on_account_fen, list[Share]()
    for receivable_id in dict.fromkeys(designated):
        item = await receivable_of(account.work.session, receivable_id)
        if item is None or item.customer_id != account.party.customer_id:
            raise Invalid("DESIGNATION_UNKNOWN", "a named item is not this customer's", receivable_id=receivable_id)
        taken = min(left, item.open_fen)
        left -= taken
        if taken:
            shares.append(Share(receivable_id, taken))
    await apply_payment(account, await _again(account.work, row.id), shares)
