"""Sends the outbox: one active relay per service, unpublished rows by position, marked by their exact ids."""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from shared.database.engine import Database
from shared.messaging.crash_points import reach
from shared.messaging.envelope import unpack_headers
from shared.messaging.outbox import has_published
from shared.messaging.ports import PARTITIONS, Bus, BusUnavailable, OutgoingRecord, Publisher, WaveRefused
from shared.observability.metrics import Metrics

RELAY_LOCK = 0x52454C4159
WAVE = 1000
POLL_S = 0.25
STANDBY_S = 1.0
SHORTEST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 30.0
ROW_RETRY_S = 30
AWAY = (BusUnavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
log = logging.getLogger(__name__)

HELD_KEYS = "SELECT DISTINCT key FROM outbox WHERE published_at IS NULL AND next_attempt_at > now()"
UNPUBLISHED = """
SELECT position, topic, key, headers, data, broadcast FROM outbox
WHERE published_at IS NULL AND key <> ALL($1::text[]) ORDER BY position LIMIT $2"""
MARK = "UPDATE outbox SET published_at = now() WHERE position = ANY($1::bigint[]) AND published_at IS NULL"
PUT_OFF = """
UPDATE outbox SET attempts = attempts + 1, last_error = $2, next_attempt_at = now() + make_interval(secs => $3)
WHERE position = $1"""
LAG = "SELECT count(*), coalesce(extract(epoch FROM now() - min(occurred_at)), 0) FROM outbox WHERE published_at IS NULL"


@dataclass(frozen=True, slots=True)
class Row:
    """What of an outbox row is sent."""

    position: int
    topic: str
    key: str
    headers: bytes
    data: bytes | None
    broadcast: bool

    def records(self) -> list[OutgoingRecord]:
        """One record, or one per partition for a broadcast."""
        headers = unpack_headers(self.headers)
        places: Sequence[int | None] = range(PARTITIONS) if self.broadcast else [None]
        return [OutgoingRecord(self.topic, self.key, self.data, headers, place) for place in places]


class Relay:
    """Runs in every replica; the one whose session holds the advisory lock reads and marks with that very session."""

    def __init__(self, database: Database, bus: Bus, metrics: Metrics) -> None:
        self._dsn, self._bus, self._metrics = database.dsn, bus, metrics
        self._wake = asyncio.Event()
        database.after_commit(lambda session: self._wake.set() if has_published(session) else None)

    async def run(self) -> None:
        """Until cancelled; transient failures back off from 0.2 to 30 s, for ever."""
        backoff = SHORTEST_BACKOFF_S
        while True:
            started = asyncio.get_running_loop().time()
            try:
                await self._lead()
            except AWAY as error:
                log.warning("relay backs off", extra={"error": repr(error), "seconds": round(backoff, 1)})
            if asyncio.get_running_loop().time() - started > LONGEST_BACKOFF_S:
                backoff = SHORTEST_BACKOFF_S
            await asyncio.sleep(backoff * random.uniform(0.5, 1))  # noqa: S311
            backoff = min(backoff * 2, LONGEST_BACKOFF_S)

    async def _lead(self) -> None:
        connection = await asyncpg.connect(self._dsn, timeout=10, command_timeout=30)
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", RELAY_LOCK):
                await asyncio.sleep(STANDBY_S)
            await connection.execute("SET synchronous_commit = off")
            await self._send_for_ever(connection)
        finally:
            connection.terminate()

    async def _send_for_ever(self, connection: asyncpg.Connection) -> None:
        publisher = await self._bus.publisher()
        try:
            while True:
                self._wake.clear()
                rows = await self._select(connection)
                if not rows:
                    await self._rest(connection)
                elif not await self._send(connection, publisher, rows):
                    await publisher.close()
                    publisher = await self._bus.publisher()
                    await self._send_one_by_one(connection, rows)
        finally:
            await publisher.close()

    async def _select(self, connection: asyncpg.Connection) -> list[Row]:
        held = [row["key"] for row in await connection.fetch(HELD_KEYS)]
        rows = [Row(*row) for row in await connection.fetch(UNPUBLISHED, held, WAVE)]
        if rows:
            reach("relay.after_select")
        return rows

    async def _rest(self, connection: asyncpg.Connection) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), POLL_S)
        except TimeoutError:
            count, age = await connection.fetchrow(LAG)
            self._metrics.relay_lag(int(count), float(age))

    async def _send(self, connection: asyncpg.Connection, publisher: Publisher, rows: Sequence[Row]) -> bool:
        """Send and mark; False when the broker refuses something in it."""
        try:
            await publisher.send([record for row in rows for record in row.records()])
        except WaveRefused:
            return False
        reach("relay.after_send")
        marked = await connection.execute(MARK, [row.position for row in rows])
        if marked != f"UPDATE {len(rows)}":
            raise BusUnavailable(f"marked {marked} of {len(rows)}: another relay is at work")
        return True

    async def _send_one_by_one(self, connection: asyncpg.Connection, rows: Sequence[Row]) -> None:
        """Find the bad row of a refused wave: it holds back its own key only, and raises an alert."""
        held: set[str] = set()
        for row in rows:
            if row.key in held:
                continue
            publisher = await self._bus.publisher()
            try:
                if not await self._send(connection, publisher, [row]):
                    held.add(row.key)
                    await connection.execute(PUT_OFF, row.position, "refused by the broker", ROW_RETRY_S)
                    log.error("a row cannot be sent", extra={"position": row.position, "topic": row.topic})
                    self._metrics.unsendable_row()
            finally:
                await publisher.close()
