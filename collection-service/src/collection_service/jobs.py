"""What this service does at a time: timer kind to use case."""

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

from collection_service.use_cases.close_day import close_ready_days

CLOSE, SEAL = "day.close", "audit.seal"
HOUSEKEEPING = UUID("00000000-0000-7000-8000-0000000005ee")
CLOSE_EVERY = timedelta(minutes=10)
SEAL_EVERY = timedelta(minutes=10)


def timers(database: Database, close_at: time) -> Mapping[str, Handler]:
    """Kind to handler; each plans its next look itself, in the same transaction."""

    async def close(work: Work, timer: Timer) -> None:
        await close_ready_days(database, work, last_close(work.now, close_at))
        await plan_timer(work.session, CLOSE, HOUSEKEEPING, timer.epoch + 1, work.now + CLOSE_EVERY)

    async def seal(work: Work, timer: Timer) -> None:
        await seal_audit(work.session)
        await sweep_answers(work.session, work.now)
        await plan_timer(work.session, SEAL, HOUSEKEEPING, timer.epoch + 1, work.now + SEAL_EVERY)

    return {CLOSE: close, SEAL: seal}


async def plan_recurring(session: AsyncSession, now: datetime) -> None:
    """At the first start ever; afterwards each handler plans its next one."""
    await plan_timer(session, CLOSE, HOUSEKEEPING, 1, now)
    await plan_timer(session, SEAL, HOUSEKEEPING, 1, now)


def last_close(now: datetime, close_at: time) -> date:
    """The newest business day whose closing time has come; credit-service's marker decides whether it can be closed."""
    today = business_day(now)
    return today if now >= datetime.combine(today, close_at, BUSINESS_ZONE) else today - timedelta(days=1)
