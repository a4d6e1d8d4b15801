"""Timers: something to look at again at an instant. The subject is read anew at fire; another epoch voids the timer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.database.engine import Database
from shared.observability.metrics import Metrics
from shared.records.tables import timer
from shared.records.work import Work
from shared.values.ids import new_id

LATE_AFTER = timedelta(minutes=5)
POLL_S = 1.0
BACKOFF = timedelta(seconds=5)
LONGEST_BACKOFF = timedelta(hours=1)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timer:
    """A planned look at a subject; `late` when it fires well after `due_at`, because the suite was down."""

    id: UUID
    kind: str
    subject_id: UUID
    epoch: int
    due_at: datetime
    late: bool = False


Handler = Callable[[Work, Timer], Awaitable[None]]


async def plan_timer(session: AsyncSession, kind: str, subject_id: UUID, epoch: int, due_at: datetime) -> None:
    """Plan one look; planning the same (kind, subject, epoch) again changes nothing."""
    row = {"id": new_id(), "kind": kind, "subject_id": subject_id, "epoch": epoch, "due_at": due_at}
    await session.execute(insert(timer).values(row).on_conflict_do_nothing())


async def void_timers(session: AsyncSession, kind: str, subject_id: UUID) -> None:
    """Void what is planned for a subject."""
    planned = (timer.c.kind == kind) & (timer.c.subject_id == subject_id) & (timer.c.state == "PLANNED")
    await session.execute(update(timer).where(planned).values(state="VOID"))


class TimerLoop:
    """Fires due timers one by one, each in a transaction of its own; several loops share the work without overlap."""

    def __init__(self, database: Database, clock: Clock, handlers: Mapping[str, Handler], metrics: Metrics | None = None) -> None:
        self._database, self._clock, self._handlers, self._metrics = database, clock, handlers, metrics

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if not await self.fire_next():
                await self._tell_overdue()
                await self._clock.sleep(POLL_S)

    async def fire_next(self) -> bool:
        """Fire the timer that is due longest; False when none is due."""
        async with self._database.transaction() as session:
            due = await self._lock_due(session)
            if due is None:
                return False
            try:
                async with session.begin_nested():
                    await self._handlers[due.kind](Work(session, self._clock.now()), due)
            except (asyncio.CancelledError, KeyboardInterrupt):
                raise
            except Exception as error:
                log.exception("timer failed", extra={"kind": due.kind, "subject": str(due.subject_id)})
                await self._put_off(session, due.id, error)
            else:
                done = {"state": "FIRED", "fired_at": self._clock.now()}
                await session.execute(update(timer).where(timer.c.id == due.id).values(done))
        return True

    async def _tell_overdue(self) -> None:
        if self._metrics is None:
            return
        late = select(func.count()).where(timer.c.state == "PLANNED", timer.c.due_at < self._clock.now() - LATE_AFTER)
        async with self._database.transaction() as session:
            self._metrics.timers_overdue(await session.scalar(late) or 0)

    async def _lock_due(self, session: AsyncSession) -> Timer | None:
        now = self._clock.now()
        ready = (timer.c.state == "PLANNED") & (timer.c.due_at <= now) & timer.c.kind.in_(self._handlers)
        ready &= or_(timer.c.not_before.is_(None), timer.c.not_before <= now)
        oldest = select(timer).where(ready).order_by(timer.c.due_at, timer.c.id).limit(1)
        row = (await session.execute(oldest.with_for_update(skip_locked=True))).first()
        if row is None:
            return None
        return Timer(row.id, row.kind, row.subject_id, row.epoch, row.due_at, now - row.due_at > LATE_AFTER)

    async def _put_off(self, session: AsyncSession, timer_id: UUID, error: Exception) -> None:
        attempts = await session.scalar(select(timer.c.attempts).where(timer.c.id == timer_id)) or 0
        wait = min(BACKOFF * 2 ** min(attempts, 12), LONGEST_BACKOFF)
        failed = {"attempts": attempts + 1, "not_before": self._clock.now() + wait, "last_error": repr(error)[:500]}
        await session.execute(update(timer).where(timer.c.id == timer_id).values(failed))
