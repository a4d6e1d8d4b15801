"""The bus of the one-process suite: a durable log in a PostgreSQL database of its own."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from itertools import groupby

import asyncpg

from shared.messaging.envelope import pack_headers, unpack_headers
from shared.messaging.ports import (
    KEY_TOPIC,
    PARTITIONS,
    BusUnavailable,
    IncomingRecord,
    OutgoingRecord,
    Place,
    Positions,
)

FETCH_AT_ONCE = 500
POLL_S = 0.25
AWAY = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError, TimeoutError)
log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS head (topic text, partition int, next_offset bigint NOT NULL, PRIMARY KEY (topic, partition));
CREATE TABLE IF NOT EXISTS log (topic text, partition int, record_offset bigint, key text NOT NULL, value bytea,
  headers bytea NOT NULL, PRIMARY KEY (topic, partition, record_offset));
CREATE TABLE IF NOT EXISTS group_offset (group_name text, topic text, partition int, next_offset bigint NOT NULL,
  PRIMARY KEY (group_name, topic, partition));
"""
SCHEMA_LOCK = 0x4C4F43414C
TAKE_OFFSETS = """
INSERT INTO head VALUES ($1, $2, $3) ON CONFLICT (topic, partition)
DO UPDATE SET next_offset = head.next_offset + $3 RETURNING next_offset - $3"""
APPEND = """
INSERT INTO log SELECT $1, $2, $3 + n - 1, key, value, headers
FROM unnest($4::text[], $5::bytea[], $6::bytea[]) WITH ORDINALITY AS r(key, value, headers, n)"""
COMPACT = "DELETE FROM log WHERE topic = $1 AND partition = $2 AND key = ANY($3::text[]) AND record_offset < $4"
FETCH = """
SELECT l.* FROM unnest($1::text[], $2::int[], $3::bigint[]) AS p(topic, partition, at)
CROSS JOIN LATERAL (SELECT * FROM log WHERE log.topic = p.topic AND log.partition = p.partition
  AND log.record_offset >= p.at ORDER BY record_offset LIMIT $4) AS l ORDER BY l.topic, l.partition, l.record_offset"""
COMMIT = """
INSERT INTO group_offset VALUES ($1, $2, $3, $4)
ON CONFLICT (group_name, topic, partition) DO UPDATE SET next_offset = EXCLUDED.next_offset"""


class LocalBus:
    """`url` is the `postgresql://` URL of the bus's own database. Nothing is ever deleted but superseded keys."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+asyncpg://", "postgresql://", 1)
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._arrived = asyncio.Event()

    async def publisher(self) -> "LocalPublisher":
        """A fresh publisher. Errors: `BusUnavailable`."""
        return LocalPublisher(self, await self.pool())

    async def subscriber(self, group: str, topics: Sequence[str], instance: str, positions: Positions) -> "LocalSubscriber":
        """A member of a group: it reads when no other member does, and takes over when that one is gone."""
        return LocalSubscriber(self, group, topics, positions)

    async def is_ready(self) -> bool:
        """Whether the database answers."""
        try:
            return bool(await (await self.pool()).fetchval("SELECT true", timeout=2))
        except (BusUnavailable, *AWAY):
            return False

    async def close(self) -> None:
        """Give the connections back."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    async def pool(self) -> asyncpg.Pool:
        """The pool, opened and its tables made at the first call. Errors: `BusUnavailable`."""
        async with self._opening:
            if self._pool is None:
                self._pool = await self._open()
            return self._pool

    async def connect(self) -> asyncpg.Connection:
        """A connection of its own, for a lock that lives as long as it. Errors: `BusUnavailable`."""
        try:
            return await asyncpg.connect(self._url, timeout=10)
        except AWAY as error:
            raise BusUnavailable(str(error)) from error

    def announce(self) -> None:
        """Wake the subscribers of this process."""
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()

    @property
    def arrival(self) -> asyncio.Event:
        """Set at the next arrival: take it before you look, wait for it after."""
        return self._arrived

    async def _open(self) -> asyncpg.Pool:
        try:
            pool = await asyncpg.create_pool(self._url, min_size=1, max_size=6, timeout=10, command_timeout=30)
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", SCHEMA_LOCK)
                await connection.execute(SCHEMA)
        except AWAY as error:
            raise BusUnavailable(str(error)) from error
        return pool


class LocalPublisher:
    """Appends waves, each in one transaction; the head rows are locked in order, so offsets have no gap."""

    def __init__(self, bus: LocalBus, pool: asyncpg.Pool) -> None:
        self._bus, self._pool = bus, pool

    async def send(self, wave: Sequence[OutgoingRecord]) -> None:
        """Append all or nothing. Errors: `BusUnavailable`."""
        by_place = sorted(wave, key=lambda record: record.place)
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                for place, records in groupby(by_place, key=lambda record: record.place):
                    await _append(connection, place, list(records))
        except AWAY as error:
            raise BusUnavailable(str(error)) from error
        self._bus.announce()

    async def close(self) -> None:
        """Nothing to give back: the pool is the bus's."""


async def _append(connection: asyncpg.Connection, place: Place, records: list[OutgoingRecord]) -> None:
    topic, partition = place
    first = await connection.fetchval(TAKE_OFFSETS, topic, partition, len(records))
    keys = [record.key for record in records]
    packed = [pack_headers(record.headers) for record in records]
    await connection.execute(APPEND, topic, partition, first, keys, [record.value for record in records], packed)
    if topic == KEY_TOPIC:
        await connection.execute(COMPACT, topic, partition, keys, first)


async def _came(arrival: asyncio.Event, seconds: float) -> bool:
    try:
        return await asyncio.wait_for(arrival.wait(), seconds)
    except TimeoutError:
        return False


class LocalSubscriber:
    """Reads all partitions of its topics while it holds the group's lock."""

    def __init__(self, bus: LocalBus, group: str, topics: Sequence[str], positions: Positions) -> None:
        self._bus, self._group, self._positions = bus, group, positions
        self._places = [(topic, partition) for topic in topics for partition in range(PARTITIONS)]
        self._next: dict[Place, int] = {}
        self._connection: asyncpg.Connection | None = None

    async def fetch(self, busy: Collection[Place], wait_s: float) -> Mapping[Place, Sequence[IncomingRecord]]:
        """The next records per partition. Errors: `BusUnavailable`."""
        try:
            if not await self._leads():
                await asyncio.sleep(min(wait_s, POLL_S))
                return {}
            arrival = self._bus.arrival
            free = [place for place in self._places if place not in busy]
            rows = await self._read(free)
            if not rows and await _came(arrival, min(wait_s, POLL_S)):
                rows = await self._read(free)
        except AWAY as error:
            await self._drop()
            raise BusUnavailable(str(error)) from error
        return self._grouped(rows)

    async def commit(self, place: Place, next_offset: int) -> None:
        """Keep how far the group is, for whoever looks at its lag."""
        try:
            await (await self._bus.pool()).execute(COMMIT, self._group, *place, next_offset)
        except (BusUnavailable, *AWAY):
            log.debug("commit of the offset failed", exc_info=True)

    async def close(self) -> None:
        """Leave the group."""
        await self._drop()

    async def _leads(self) -> bool:
        if self._connection is not None and not self._connection.is_closed():
            return True
        self._connection = await self._bus.connect()
        await (await self._bus.pool()).fetchval("SELECT 1")
        key = int.from_bytes(sha256(self._group.encode()).digest()[:8], signed=True)
        if not await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", key):
            await self._drop()
            return False
        self._next = dict.fromkeys(self._places, 0) | dict(await self._positions(self._places))
        return True

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _read(self, places: Sequence[Place]) -> list[asyncpg.Record]:
        if self._connection is None or not places:
            return []
        topics, partitions = [place[0] for place in places], [place[1] for place in places]
        offsets = [self._next[place] for place in places]
        return list(await self._connection.fetch(FETCH, topics, partitions, offsets, FETCH_AT_ONCE, timeout=30))

    def _grouped(self, rows: list[asyncpg.Record]) -> dict[Place, list[IncomingRecord]]:
        found: dict[Place, list[IncomingRecord]] = {}
        for topic, partition, offset, key, value, headers in rows:
            record = IncomingRecord(topic, partition, offset, key, value, dict(unpack_headers(headers)))
            found.setdefault((topic, partition), []).append(record)
            self._next[topic, partition] = offset + 1
        return found
