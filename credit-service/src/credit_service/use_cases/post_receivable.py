"""A receivable arises: from a shipment's token, from goods that left without one, or from anything else (CL-01, CL-02)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.credit_account import ReceivableCreated, ViolationRecorded
from shared.records.numbering import next_number
from shared.records.work import Work
from shared.values.errors import Forbidden, Invalid, Missing
from shared.values.ids import new_id
from sqlalchemy import Row, insert

from credit_service.domain.allocation import Share
from credit_service.domain.due_dates import aged_on, due_on, limitation_on
from credit_service.domain.hold import Hold
from credit_service.domain.policy import POLICY
from credit_service.storage.accounts import LockedAccount, lock_account_of
from credit_service.storage.holds import (
    end_releases,
    hold_of,
    last_hold,
    release_by_token,
    releases_of,
    save_hold,
    use_release,
)
from credit_service.storage.journals import Entry, post
from credit_service.storage.payments import change_earmark, earmarks_of_order, payment_of
from credit_service.storage.receivables import add_receivable, receivable_of_shipment
from credit_service.storage.standing import last_term_days
from credit_service.storage.tables.records import violation
from credit_service.use_cases.apply_payment import apply_payment, state_of
from credit_service.use_cases.conclude import conclude
from credit_service.use_cases.earmark_cash import return_earmarks

UNRELEASED = "receivable:post_unreleased"
OLDEST_SHIPMENT = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Shipped:
    """Goods that left: with the token of their release, or named by customer, order and shipment."""

    shipped_on: date
    token: str | None = None
    amount_fen: int | None = None
    invoice_ref: str | None = None
    customer_id: UUID | None = None
    order_ref: str | None = None
    shipment_ref: str | None = None


@dataclass(frozen=True, slots=True)
class OtherDebt:
    """A debt that is no shipment; limits do not stop it."""

    customer_id: UUID
    kind: str
    amount_fen: int
    occurred_on: date
    due_on: date | None = None
    order_ref: str | None = None


async def post_shipment(work: Work, asked: Shipped) -> Row[Any]:
    """The receivable of a shipment; the same shipment again gives the first one.

    Errors: 404; 403 `TOKEN_EXPIRED` without a live release and `receivable:post_unreleased`; 422 for dates that cannot be.
    """
    if asked.shipped_on > work.day:
        raise Invalid("SHIPPED_IN_FUTURE", "goods cannot have left after today")
    release = await release_by_token(work.session, asked.token) if asked.token else None
    customer_id = release.customer_id if release else asked.customer_id
    if customer_id is None:
        raise Missing(detail="no such release; name customer_id, order_ref and shipment_ref for goods on the road")
    account = await lock_account_of(work, customer_id)
    order_ref = release.order_ref if release else asked.order_ref
    shipment_ref = release.shipment_ref if release else asked.shipment_ref
    if not order_ref or not shipment_ref:
        raise Invalid("SHIPMENT_UNKNOWN", "name order_ref and shipment_ref")
    posted = await receivable_of_shipment(work.session, account.party.customer_id, shipment_ref)
    if posted is not None:
        return posted
    amount = asked.amount_fen or (release.amount_fen if release else 0)
    if not amount:
        raise Invalid("AMOUNT_MISSING", "goods without a release need their amount")
    if release and amount <= release.amount_fen and await use_release(work.session, release.id, work.now):
        return await _post_released(account, release, amount, asked)
    return await _post_unreleased(account, order_ref, shipment_ref, amount, asked)


async def post_other(work: Work, asked: OtherDebt) -> Row[Any]:
    """Any other receivable. Errors: 404; 422 `OCCURRED_IN_FUTURE`."""
    if asked.occurred_on > work.day:
        raise Invalid("OCCURRED_IN_FUTURE", "a debt cannot arise after today")
    account = await lock_account_of(work, asked.customer_id)
    due = asked.due_on or due_on(asked.occurred_on, None, POLICY)
    row = await _book(account, asked.kind, asked.amount_fen, asked.occurred_on, due, order_ref=asked.order_ref)
    await conclude(account, excess_cause="interest")
    return row


async def _post_released(account: LockedAccount, release: Row[Any], amount: int, asked: Shipped) -> Row[Any]:
    issued_on = release.issued_at.astimezone(account.work.now.tzinfo).date()
    if asked.shipped_on < issued_on - OLDEST_SHIPMENT:
        raise Invalid("SHIPPED_TOO_EARLY", "at most three days before the release")
    hold = await hold_of(account.work.session, release.hold_id)
    assert hold is not None
    row = await _consume(account, hold.reserved(-release.amount_fen), amount, release.shipment_ref, asked)
    await conclude(account)
    return row


async def _post_unreleased(account: LockedAccount, order_ref: str, shipment_ref: str, amount: int, asked: Shipped) -> Row[Any]:
    """Goods on the road are always posted, by whoever may: first from the order's unreserved rest, then straight to AR."""
    work = account.work
    if work.actor.grant(UNRELEASED, work.now) is None:
        raise Forbidden("TOKEN_EXPIRED", f"no live release: this needs the permission {UNRELEASED}")
    hold = await last_hold(work.session, account.party.customer_id, order_ref)
    if hold is not None and hold.is_live:
        hold = await _end_release_of(account, hold, shipment_ref)
        covered = min(amount, hold.unreserved_fen)
        row = await _consume(account, hold, covered, shipment_ref, asked, order_ref=order_ref, extra_fen=amount - covered)
    else:
        row = await _trade(account, amount, order_ref, shipment_ref, asked, wholly_prepaid=False)
    await _record_violation(account, amount, shipment_ref)
    await conclude(account, excess_cause="unreleased_shipment")
    return row


async def _end_release_of(account: LockedAccount, hold: Hold, shipment_ref: str) -> Hold:
    """An over-shipped release gives back what it reserved."""
    issued = [row for row in await releases_of(account.work.session, hold.id) if row.shipment_ref == shipment_ref]
    await end_releases(account.work.session, [row.id for row in issued], "REVOKED")
    return hold.reserved(-sum(row.amount_fen for row in issued))


async def _consume(
    account: LockedAccount,
    hold: Hold,
    amount: int,
    shipment_ref: str,
    asked: Shipped,
    *,
    order_ref: str | None = None,
    extra_fen: int = 0,
) -> Row[Any]:
    """Turn a part of the hold into a receivable: prepaid money first, exposure unchanged; `extra_fen` goes straight to AR."""
    shipped, prepaid = hold.shipped(amount)
    whole = amount + extra_fen
    row = await _trade(account, whole, order_ref or hold.order_ref, shipment_ref, asked, wholly_prepaid=prepaid == whole)
    await account.move(held_fen=-(amount - prepaid))
    await _pay_from_earmarks(account, hold.order_ref, row, prepaid)
    await save_hold(account.work.session, shipped)
    if not shipped.is_live:
        await return_earmarks(account, hold.order_ref)
    return row


async def _pay_from_earmarks(account: LockedAccount, order_ref: str, row: Row[Any], amount: int) -> None:
    session = account.work.session
    for mark in await earmarks_of_order(session, account.party.customer_id, order_ref):
        taken = min(amount, mark.amount_fen)
        payment = await payment_of(session, mark.payment_id)
        if not taken or payment is None:
            break
        await change_earmark(session, mark.payment_id, order_ref, -taken)
        await apply_payment(account, payment, [Share(row.id, taken)], earmarked=True)
        amount -= taken


async def _trade(
    account: LockedAccount, amount: int, order_ref: str, shipment_ref: str, asked: Shipped, *, wholly_prepaid: bool
) -> Row[Any]:
    term = await last_term_days(account.work.session, account.party.customer_id)
    due = asked.shipped_on if wholly_prepaid and term is None else due_on(asked.shipped_on, term, POLICY)
    return await _book(
        account,
        "trade",
        amount,
        asked.shipped_on,
        due,
        order_ref=order_ref,
        shipment_ref=shipment_ref,
        shipped_on=asked.shipped_on,
        aged_on=aged_on(asked.shipped_on),
        invoice_ref=asked.invoice_ref,
    )


async def _book(account: LockedAccount, kind: str, amount: int, occurred_on: date, due: date, **more: Any) -> Row[Any]:
    """The item, its journal and its fact."""
    work = account.work
    values = {
        "id": new_id(),
        "customer_id": account.party.customer_id,
        "ref": await next_number(work.session, "AR", work.day, yearly=True),
        "kind": kind,
        "component": "PRINCIPAL",
        "amount_fen": amount,
        "open_fen": amount,
        "occurred_on": occurred_on,
        "due_on": due,
        "limitation_on": limitation_on(due, POLICY),
        "state": "OPEN",
    }
    row = await add_receivable(work.session, values | more)
    await post(work, account.party.customer_id, "RECEIVABLE", str(row.id), occurred_on, [Entry("AR", "SALES_CLEARING", amount)])
    await account.move(ar_fen=amount)
    account.fact(ReceivableCreated, **state_of(row))
    return row


async def _record_violation(account: LockedAccount, amount: int, subject: str) -> None:
    work = account.work
    row = {
        "id": new_id(),
        "customer_id": account.party.customer_id,
        "kind": "UNRELEASED_SHIPMENT",
        "person_id": work.actor.id,
    }
    await work.session.execute(insert(violation).values(amount_fen=amount, subject=subject, at=work.now, **row))
    account.fact(ViolationRecorded, kind="UNRELEASED_SHIPMENT", person_id=work.actor.id, amount_fen=amount)


async def book_clawback(account: LockedAccount, amount: int) -> None:
    """What was refunded out of a bounced payment is owed again, today."""
    if amount:
        await _book(account, "refund_clawback", amount, account.work.day, account.work.day)
