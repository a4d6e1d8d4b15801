"""The daily close: announce what became due, overdue or six months old, day by day, resumable, each thing once."""

import logging
from datetime import date
from uuid import UUID

from shared.contracts.credit_account import (
    DayClosed,
    ReceivableDueSoon,
    ReceivableOverdue,
    ReceivableSixMonthsUnpaid,
)
from shared.database.engine import Database
from shared.messaging.outbox import publish
from shared.records.work import Work
from shared.values.errors import Invalid

from credit_service.domain.daily_close import OpenItem, announcements, days_to_close
from credit_service.domain.policy import POLICY
from credit_service.storage.accounts import LockedAccount, lock_account_of
from credit_service.storage.closes import (
    THE_CLOSE,
    change_close,
    close_row,
    customers_with_work,
    items_at,
    mark,
    one_run_at_once,
)
from credit_service.storage.tables.records import DAY_CLOSE
from credit_service.use_cases.apply_payment import state_of
from credit_service.use_cases.recompute_gate import recompute_gate

MARKS = {"overdue": "overdue_event_on", "due_soon": "due_soon_event_on", "six_months": "aged_event_on"}
log = logging.getLogger(__name__)


async def check_close_day(work: Work, as_of: date | None) -> date:
    """The day that is closed: the business day, or a missed or earlier one. Errors: 422 `CLOSE_IN_FUTURE`."""
    day = as_of or work.day
    if day > work.day:
        raise Invalid("CLOSE_IN_FUTURE", "a day is closed when it has come")
    return day


async def close_days(database: Database, work: Work, wanted: date, customer_id: UUID | None = None) -> list[date]:
    """Close the missed days in order, then the wanted one; one run at a time.

    Each customer is a transaction of its own. With a customer only his items are looked at, and no `credit.day.closed`
    is published.
    """
    async with database.transaction() as running:
        await one_run_at_once(running)
        async with database.transaction() as session:
            row = await close_row(session)
        days = [wanted] if customer_id else days_to_close(row.last_closed_on, wanted, wanted)
        for day in days:
            await _close_day(database, work, day, customer_id)
    return days


async def _close_day(database: Database, work: Work, day: date, customer_id: UUID | None) -> None:
    async with database.transaction() as session:
        owing = await customers_with_work(session, day, POLICY.due_soon_days, customer_id)
        if customer_id is None:
            await change_close(session, running_on=day, progress_done=0, progress_total=len(owing))
    quarantined = [str(customer) for customer in owing if not await _close_customer(database, work, customer, day)]
    if customer_id is None:
        await _publish_barrier(database, work, day, len(owing), quarantined)


async def _close_customer(database: Database, work: Work, customer_id: UUID, day: date) -> bool:
    """One customer; False when he is quarantined, which never blocks the others."""
    try:
        async with database.transaction() as session:
            await announce_due(Work(session, work.now, work.actor, work.trace), customer_id, day)
    except Exception:
        log.exception("a customer could not be closed", extra={"customer": str(customer_id), "day": str(day)})
        return False
    return True


async def announce_due(work: Work, customer_id: UUID, day: date) -> None:
    """Everything that this customer's items owe on that day."""
    account = await lock_account_of(work, customer_id)
    for row in await items_at(work.session, customer_id, day):
        item = OpenItem(**{name: getattr(row, name) for name in OpenItem.__slots__})
        for kind in announcements(item, day, POLICY):
            _tell(account, kind, row, day)
            await mark(work.session, row.id, MARKS[kind], day)
    await recompute_gate(account)
    await account.announce()


def _tell(account: LockedAccount, kind: str, row: object, day: date) -> None:
    state = state_of(row)  # type: ignore[arg-type]
    if kind == "overdue":
        account.fact(ReceivableOverdue, as_of=day, dpd=(day - state["due_on"]).days, **state)
    elif kind == "due_soon":
        account.fact(ReceivableDueSoon, as_of=day, **state)
    else:
        account.fact(ReceivableSixMonthsUnpaid, as_of=day, **state)


async def _publish_barrier(database: Database, work: Work, day: date, total: int, quarantined: list[str]) -> None:
    """`credit.day.closed` to every partition: a reader knows that everything of the day has come before it."""
    async with database.transaction() as session:
        row = await close_row(session, lock=True)
        inner = Work(session, work.now, work.actor, work.trace)
        await publish(inner, DAY_CLOSE, THE_CLOSE, DayClosed(as_of=day), broadcast=True)
        newest = max(day, row.last_closed_on or day)
        await change_close(session, last_closed_on=newest, progress_done=total, quarantined=quarantined, closed_at=work.now)
