"""What this service does at a time: timer kind to use case, and the loops that plan them."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID

from shared.database.engine import Database
from shared.records.audit import seal_audit
from shared.records.timers import Handler, Timer, plan_timer
from shared.records.work import Work
from shared.values.calendar import BUSINESS_ZONE, business_day
from shared.web.idempotency import sweep_answers
from sqlalchemy.ext.asyncio import AsyncSession

from credit_service.storage.closes import THE_CLOSE, begin_closes
from credit_service.use_cases.apply_for_line import IN_FORCE, LAPSE, lapse, put_in_force
from credit_service.use_cases.close_day import close_days
from credit_service.use_cases.end_hold import sweep_holds

CLOSE, SWEEP, SEAL = "day.close", "holds.sweep", "audit.seal"
HOUSEKEEPING = UUID("00000000-0000-7000-8000-0000000005ee")
SWEEP_EVERY = timedelta(minutes=1)
SEAL_EVERY = timedelta(minutes=10)


def timers(database: Database, close_at: time) -> Mapping[str, Handler]:
    """Kind to handler. The recurring ones plan their next look themselves, in the same transaction."""

    async def close(work: Work, timer: Timer) -> None:
        await close_days(database, work, last_close(work.now, close_at))
        await plan_timer(work.session, CLOSE, THE_CLOSE, timer.epoch + 1, next_close(work.now, close_at))

    async def sweep(work: Work, timer: Timer) -> None:
        await sweep_holds(work)
        await sweep_answers(work.session, work.now)
        await plan_timer(work.session, SWEEP, HOUSEKEEPING, timer.epoch + 1, work.now + SWEEP_EVERY)

    async def seal(work: Work, timer: Timer) -> None:
        await seal_audit(work.session)
        await plan_timer(work.session, SEAL, HOUSEKEEPING, timer.epoch + 1, work.now + SEAL_EVERY)

    async def lapsed(work: Work, timer: Timer) -> None:
        await lapse(work, timer.subject_id)

    async def in_force(work: Work, timer: Timer) -> None:
        await put_in_force(work, timer.subject_id)

    return {CLOSE: close, SWEEP: sweep, SEAL: seal, LAPSE: lapsed, IN_FORCE: in_force}


async def plan_recurring(session: AsyncSession, now: datetime, close_at: time) -> None:
    """At the first start ever; afterwards each handler plans its next one."""
    await begin_closes(session, business_day(now))
    await plan_timer(session, CLOSE, THE_CLOSE, 1, next_close(now, close_at))
    await plan_timer(session, SWEEP, HOUSEKEEPING, 1, now)
    await plan_timer(session, SEAL, HOUSEKEEPING, 1, now)


def last_close(now: datetime, close_at: time) -> date:
    """The newest business day whose closing time has come."""
    return business_day(next_close(now, close_at) - timedelta(days=1))


def next_close(now: datetime, close_at: time) -> datetime:
    """The next time at which a business day is closed."""
    today = datetime.combine(business_day(now), close_at, BUSINESS_ZONE)
    return today if today > now else today + timedelta(days=1)
