"""The daily close of collections: behind credit-service's barrier, partition by partition (design §7)."""

import asyncio
import logging
import time
from datetime import date, timedelta
from uuid import UUID

from shared.database.engine import Database
from shared.messaging.ports import PARTITIONS
from shared.records.notices import notify
from shared.records.people import superior_of
from shared.records.work import Work
from shared.values.errors import Invalid, Unavailable

from collection_service.domain.policy import POLICY
from collection_service.storage.attempts import void_reservations
from collection_service.storage.cases import change_pause, lock_open_case, open_cases_of, pauses_of
from collection_service.storage.copies import customers_in, keep_closed, markers
from collection_service.use_cases.follow_ledger import Debtor, follow_ledger

WAIT_S = 60.0
POLL_S = 0.1
log = logging.getLogger(__name__)


async def wait_for_credit(database: Database, day: date, wait_s: float = WAIT_S) -> None:
    """Until credit-service's marker of the day has come through every partition. Errors: 503 `BARRIER_MISSING {ready}`."""
    deadline = time.monotonic() + wait_s
    while True:
        ready = await _ready(database, day)
        if ready == PARTITIONS:
            return
        if time.monotonic() > deadline:
            raise Unavailable(
                "BARRIER_MISSING",
                f"credit-service has closed {day} in {ready} of {PARTITIONS} partitions",
                ready=ready,
                retry_after=30,
            )
        await asyncio.sleep(POLL_S)


async def _ready(database: Database, day: date) -> int:
    async with database.transaction() as session:
        return sum(credit >= day for credit, _ in (await markers(session)).values())


def check_close_day(work: Work, as_of: date | None) -> date:
    """The day that is closed. Errors: 422 `CLOSE_IN_FUTURE`."""
    day = as_of or work.day
    if day > work.day:
        raise Invalid("CLOSE_IN_FUTURE", "a day is closed when it has come")
    return day


async def close_ready_days(database: Database, work: Work, wanted: date) -> dict[int, date]:
    """Close, per partition, the missed days up to the wanted one as far as its marker allows; returns the newest day each."""
    async with database.transaction() as session:
        known = await markers(session)
    for partition, (credit_day, closed_on) in sorted(known.items()):
        last = min(credit_day, wanted)
        first = min(closed_on + timedelta(days=1), last) if closed_on else last
        for number in range((last - first).days + 1):
            await _close_partition(database, work, partition, first + timedelta(days=number))
    async with database.transaction() as session:
        return {partition: closed for partition, (_, closed) in (await markers(session)).items() if closed}


async def _close_partition(database: Database, work: Work, partition: int, day: date) -> None:
    async with database.transaction() as session:
        customers = await open_cases_of(session, await customers_in(session, partition))
    for customer_id in customers:
        try:
            async with database.transaction() as session:
                await close_customer(Work(session, work.now, work.actor, work.trace), customer_id, day)
        except Exception:
            log.exception("a customer could not be closed", extra={"customer": str(customer_id), "day": str(day)})
    async with database.transaction() as session:
        await void_reservations(session, work.now)
        await keep_closed(session, partition, day)


async def close_customer(work: Work, customer_id: UUID, day: date) -> None:
    """Promise verdicts, stage, pause expiries of one customer at the end of a day."""
    case = await lock_open_case(work, customer_id)
    if case is None:
        return
    await follow_ledger(work, Debtor(customer_id, case.row.org_unit_id), day, at_close=True)
    for row in await pauses_of(work.session, case.row.id):
        if row.state == "active" and row.to_on <= day:
            await change_pause(work.session, row.id, state="awaiting_supervisor")
            await _tell_supervisor(work, case.row.collector_id, case.row.number)


async def _tell_supervisor(work: Work, collector_id: UUID | None, number: str) -> None:
    superior = await superior_of(work.session, collector_id) if collector_id else None
    if superior is not None:
        text = f"a pause of {number} has run out after at most {POLICY.pause_days} days: resume or prolong"
        await notify(work, superior, "pause_expired", number, text)
