"""What the gateway does at a time: forget old feed rows and answers, seal the audit trail."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from shared.database.engine import Database
from shared.records.audit import seal_audit
from shared.records.timers import Handler, Timer, plan_timer
from shared.records.work import Work
from shared.web.idempotency import sweep_answers
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.use_cases.record_feed import sweep_feed

HOUSEKEEPING = UUID("00000000-0000-7000-8000-0000000005ee")
CLEAN = "gateway.clean"
EVERY = timedelta(minutes=10)


def timers(_database: Database) -> Mapping[str, Handler]:
    """Kind to handler."""

    async def clean(work: Work, timer: Timer) -> None:
        await sweep_feed(work)
        await sweep_answers(work.session, work.now)
        await seal_audit(work.session)
        await plan_timer(work.session, CLEAN, HOUSEKEEPING, timer.epoch + 1, work.now + EVERY)

    return {CLEAN: clean}


async def plan_recurring(session: AsyncSession, now: datetime) -> None:
    """At the first start ever; afterwards each handler plans its next one."""
    await plan_timer(session, CLEAN, HOUSEKEEPING, 1, now)
