"""Apache Kafka behind the bus's ports: every await bounded, one batch per partition in flight."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
)

from shared.messaging.ports import (
    KEY_TOPIC,
    PARTITIONS,
    TOPICS,
    BusUnavailable,
    IncomingRecord,
    OutgoingRecord,
    Place,
    Positions,
    WaveRefused,
)

BATCH_BYTES = 256 * 1024
ANSWER_S = 15.0
STOP_S = 5.0
SESSION_MS = 10_000
FETCH_AT_ONCE = 500
REFUSED = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidTopicError, TopicAuthorizationFailedError)
AWAY = (KafkaError, OSError, TimeoutError, asyncio.InvalidStateError)
log = logging.getLogger(__name__)


class KafkaBus:
    """`bootstrap` is `host:port,host:port`; missing topics are made at the first use, with that many replicas."""

    def __init__(self, bootstrap: str, replicas: int = 1) -> None:
        self._bootstrap, self._replicas = bootstrap, replicas
        self._topics: set[str] = set()
        self._making = asyncio.Lock()

    async def publisher(self) -> "KafkaPublisher":
        """A fresh idempotent producer. Errors: `BusUnavailable`."""
        await self.ensure_topics(TOPICS)
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=int(ANSWER_S * 1000),
        )
        await _bounded(producer.start(), "the producer did not start", lambda: _stop_producer(producer))
        return KafkaPublisher(producer)

    async def subscriber(self, group: str, topics: Sequence[str], instance: str, positions: Positions) -> "KafkaSubscriber":
        """A static member of a group (`instance` is unique per replica). Errors: `BusUnavailable`."""
        await self.ensure_topics([*TOPICS, *topics])
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=group,
            group_instance_id=instance,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 4,
            max_poll_records=FETCH_AT_ONCE,
            fetch_max_wait_ms=100,
        )
        consumer.subscribe(list(topics), listener=_SeekOnAssignment(consumer, positions))
        await _bounded(consumer.start(), "the consumer did not start", consumer.stop)
        return KafkaSubscriber(consumer)

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Make what is missing: 12 partitions, kept for ever; `credit.keys` compacted. Errors: `BusUnavailable`."""
        async with self._making:
            missing = [topic for topic in dict.fromkeys(topics) if topic not in self._topics]
            if not missing:
                return
            admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=int(ANSWER_S * 1000))
            await _bounded(admin.start(), "the broker does not answer", admin.close)
            try:
                await _bounded(_make_topics(admin, missing, self._replicas), "the topics could not be made")
            finally:
                await _quietly(admin.close())
            self._topics.update(missing)

    async def is_ready(self) -> bool:
        """Whether the broker answers."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=2000)
        try:
            await asyncio.wait_for(admin.start(), 3)
        except AWAY:
            return False
        finally:
            await _quietly(admin.close())
        return True

    async def close(self) -> None:
        """Publishers and subscribers are closed by whoever made them."""


async def _make_topics(admin: AIOKafkaAdminClient, topics: Sequence[str], replicas: int) -> None:
    for topic in topics:
        cleanup = {"cleanup.policy": "compact"} if topic == KEY_TOPIC else {"retention.ms": "-1"}
        new = NewTopic(topic, num_partitions=PARTITIONS, replication_factor=replicas, topic_configs=cleanup)
        try:
            answer = await admin.create_topics([new])
        except TopicAlreadyExistsError:
            continue
        for _, code, *_rest in answer.topic_errors:
            if code not in {0, TopicAlreadyExistsError.errno}:
                raise BusUnavailable(f"topic {topic}: error {code}")


class KafkaPublisher:
    """Sends a wave as batches of at most 256 KiB, one in flight per partition."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def send(self, wave: Sequence[OutgoingRecord]) -> None:
        """Return when all is acknowledged. Errors: `WaveRefused`, `BusUnavailable`; close the publisher after either."""
        waiting: dict[Place, deque[OutgoingRecord]] = defaultdict(deque)
        for record in wave:
            waiting[record.place].append(record)
        while waiting:
            sent = [await self._send_batch(place, records) for place, records in waiting.items()]
            await _bounded(asyncio.gather(*sent), "the broker did not acknowledge")
            waiting = {place: records for place, records in waiting.items() if records}

    async def close(self) -> None:
        """Stop within a bound; without a broker the sender is cancelled."""
        await _stop_producer(self._producer)

    async def _send_batch(self, place: Place, records: deque[OutgoingRecord]) -> Awaitable[Any]:
        batch = self._producer.create_batch()
        count = 0
        while records and _append(batch, records[0]):
            records.popleft()
            count += 1
        if not count:
            raise WaveRefused(f"a record for {place} fits into no batch")
        sending = self._producer.send_batch(batch, place[0], partition=place[1])
        return await _bounded(sending, f"no answer about {place}")


def _append(batch: Any, record: OutgoingRecord) -> bool:
    value = record.value
    taken = batch.append(key=record.key.encode(), value=value, timestamp=None, headers=record.headers)
    return taken is not None


class KafkaSubscriber:
    """One member of a group."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def fetch(self, busy: Collection[Place], wait_s: float) -> Mapping[Place, Sequence[IncomingRecord]]:
        """The next records of each free partition that is ours. Errors: `BusUnavailable`."""
        free = [held for held in self._consumer.assignment() if (held.topic, held.partition) not in busy]
        if not free:
            await asyncio.sleep(min(wait_s, 0.05))
            return {}
        reading = self._consumer.getmany(*free, timeout_ms=int(wait_s * 1000), max_records=FETCH_AT_ONCE)
        found = await _bounded(reading, "the consumer does not progress")
        return {(held.topic, held.partition): [_incoming(r) for r in records] for held, records in found.items()}

    async def commit(self, place: Place, next_offset: int) -> None:
        """Best effort and bounded: the offset that counts lies in the reader's database."""
        try:
            await asyncio.wait_for(self._consumer.commit({TopicPartition(*place): next_offset}), STOP_S)
        except AWAY:
            log.debug("commit of the offset failed", exc_info=True)

    async def close(self) -> None:
        """Leave within a bound."""
        await _quietly(self._consumer.stop())


def _incoming(record: Any) -> IncomingRecord:
    key = (record.key or b"").decode()
    return IncomingRecord(record.topic, record.partition, record.offset, key, record.value, dict(record.headers))


class _SeekOnAssignment(ConsumerRebalanceListener):  # type: ignore[misc]
    """Starts every partition that we are given at the offset of our own database."""

    def __init__(self, consumer: AIOKafkaConsumer, positions: Positions) -> None:
        self._consumer, self._positions = consumer, positions

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing to do: what is in work ends in its own transaction or is rolled back."""

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Seek."""
        known = await self._positions([(held.topic, held.partition) for held in assigned])
        for held in assigned:
            self._consumer.seek(held, known.get((held.topic, held.partition), 0))


async def _bounded(work: Awaitable[Any], complaint: str, undo: Any = None) -> Any:
    try:
        return await asyncio.wait_for(work, ANSWER_S)
    except REFUSED as error:
        raise WaveRefused(repr(error)) from error
    except AWAY as error:
        if undo is not None:
            await _quietly(undo())
        raise BusUnavailable(f"{complaint}: {error!r}") from error


async def _stop_producer(producer: AIOKafkaProducer) -> None:
    try:
        await asyncio.wait_for(producer.stop(), STOP_S)
    except AWAY:
        sender = producer._sender.sender_task
        if sender is not None:
            sender.cancel()
        await _quietly(producer.client.close())


async def _quietly(work: Awaitable[Any]) -> None:
    try:
        await asyncio.wait_for(work, STOP_S)
    except (*AWAY, RuntimeError):
        log.debug("closing failed", exc_info=True)
