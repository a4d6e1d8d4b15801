"""Reads the bus: one worker per partition, one transaction per wave, one by one when a wave fails."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.database.engine import Database, is_away, is_retryable
from shared.messaging import inbox
from shared.messaging.crash_points import reach
from shared.messaging.parked import is_parked, lock_key, park
from shared.messaging.ports import Bus, BusUnavailable, IncomingRecord, Place, Subscriber
from shared.messaging.stop_rule import StopRule
from shared.messaging.wave import Handlers, count_only, handle_wave
from shared.observability.metrics import Metrics

ATTEMPTS = 5
FETCH_WAIT_S = 0.25
SHORTEST_BACKOFF_S, LONGEST_BACKOFF_S = 0.05, 30.0
log = logging.getLogger(__name__)


class ConsumerStopped(Exception):
    """Too many keys were parked at once: something is wrong with us, not with them."""


class Consumer:
    """One member of the service's group. `process` and `give_up` serve redrive and skip of parked records."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        metrics: Metrics,
        handlers: Handlers,
        *,
        group: str,
        topics: Sequence[str],
        instance: str,
    ) -> None:
        self._database, self._bus, self._clock, self._metrics = database, bus, clock, metrics
        self._handlers, self._group, self._topics, self._instance = handlers, group, topics, instance
        self._rule = StopRule()
        self._workers: dict[Place, asyncio.Task[None]] = {}
        self.stopped = False

    async def run(self) -> None:
        """Until cancelled; a bus that is away is waited for. Errors: `ConsumerStopped`."""
        backoff = SHORTEST_BACKOFF_S
        while True:
            try:
                await self._read_for_ever()
            except Exception as error:
                if not (isinstance(error, BusUnavailable) or is_away(error)):
                    raise
                log.warning("consumer backs off", extra={"error": repr(error), "seconds": round(backoff, 1)})
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_S / 10)

    async def process(self, session: AsyncSession, record: IncomingRecord) -> None:
        """Handle one record inside a transaction of the caller's."""
        await handle_wave(session, self._clock, self._handlers, [record])

    async def give_up(self, session: AsyncSession, record: IncomingRecord) -> None:
        """Count one record as handled without handling it."""
        await count_only(session, self._clock, record)

    async def _read_for_ever(self) -> None:
        subscriber = await self._bus.subscriber(self._group, self._topics, self._instance, self._positions)
        try:
            while True:
                self._workers = {place: task for place, task in self._workers.items() if not await _finished(task)}
                found = await subscriber.fetch(self._workers.keys(), FETCH_WAIT_S)
                for place, records in found.items():
                    self._workers[place] = asyncio.create_task(self._work(subscriber, place, records))
        finally:
            await self._end_workers()
            await subscriber.close()

    async def _end_workers(self) -> None:
        for task in self._workers.values():
            task.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)
        self._workers = {}

    async def _positions(self, places: Collection[Place]) -> Mapping[Place, int]:
        async with self._database.transaction() as session:
            return await inbox.offsets_of(session, places)

    async def _work(self, subscriber: Subscriber, place: Place, records: Sequence[IncomingRecord]) -> None:
        if not await self._wave(place, records):
            for record in records:
                await self._one(place, record)
        await subscriber.commit(place, records[-1].offset + 1)

    async def _wave(self, place: Place, records: Sequence[IncomingRecord]) -> bool:
        """The whole wave in one transaction; False when it must be taken one by one."""
        try:
            async with self._database.transaction() as session:
                if await inbox.parked_keys(session, place[0], {record.key for record in records}):
                    return False
                count = await handle_wave(session, self._clock, self._handlers, records)
                await inbox.keep_offset(session, place, records[-1].offset + 1)
        except Exception:
            log.debug("wave failed, one by one", exc_info=True)
            return False
        reach("consumer.after_commit")
        self._told(records, count)
        return True

    async def _one(self, place: Place, record: IncomingRecord) -> None:
        """One record in a transaction of its own: five attempts, then it is parked; a dependency that is down is waited for."""
        failures, backoff = 0, SHORTEST_BACKOFF_S
        while True:
            try:
                await self._handle_or_park_behind(place, record)
            except Exception as error:
                if not (is_away(error) or is_retryable(error)):
                    failures += 1
                    if failures >= ATTEMPTS:
                        await self._park(place, record, repr(error))
                        return
                log.warning("event failed", extra={"type": _type(record), "failures": failures, "error": repr(error)})
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_S if failures == 0 else 1.0)
            else:
                reach("consumer.after_commit")
                return

    async def _handle_or_park_behind(self, place: Place, record: IncomingRecord) -> None:
        async with self._database.transaction() as session:
            if await is_parked(session, record.topic, record.key):
                await lock_key(session, record.topic, record.key)
                if await is_parked(session, record.topic, record.key):
                    await park(session, record, "behind a parked record of its key", self._clock, self._group)
                    await inbox.keep_offset(session, place, record.offset + 1)
                    return
            count = await handle_wave(session, self._clock, self._handlers, [record])
            await inbox.keep_offset(session, place, record.offset + 1)
        self._told([record], count)

    async def _park(self, place: Place, record: IncomingRecord, reason: str) -> None:
        async with self._database.transaction() as session:
            await lock_key(session, record.topic, record.key)
            await park(session, record, reason, self._clock, self._group)
            await inbox.keep_offset(session, place, record.offset + 1)
        log.error("record parked", extra={"topic": record.topic, "type": _type(record), "reason": reason[:300]})
        self._metrics.parked()
        if self._rule.parked(record.key):
            self.stopped = True
            raise ConsumerStopped(f"{self._group}: too many keys parked")

    def _told(self, records: Sequence[IncomingRecord], count: int) -> None:
        for record in records:
            self._rule.seen(record.key)
        written = records[-1].headers.get("ce_time")
        age = (self._clock.now() - datetime.fromisoformat(written.decode())).total_seconds() if written else 0
        self._metrics.handled(count, age)


async def _finished(task: asyncio.Task[None]) -> bool:
    """Whether a worker is done; its failure becomes ours."""
    if task.done():
        await task
        return True
    return False


def _type(record: IncomingRecord) -> str:
    return record.headers.get("ce_type", b"?").decode()
