"""The two ports of a bus: one that sends waves, one that fetches them; Kafka and the local log stand behind both."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiokafka.partitioner import murmur2

PARTITIONS = 12
KEY_TOPIC = "credit.keys"
TOPICS = ("ticket.events", "credit.events", "collection.events", "survey.events", "gateway.events", KEY_TOPIC)
Place = tuple[str, int]
Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """One record to send; `partition` only for a broadcast, otherwise the key decides."""

    topic: str
    key: str
    value: bytes | None
    headers: Headers
    partition: int | None = None

    @property
    def place(self) -> Place:
        """Topic and partition, the same on every bus."""
        return self.topic, partition_of(self.key) if self.partition is None else self.partition


@dataclass(frozen=True, slots=True)
class IncomingRecord:
    """One record as it was read."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    headers: Mapping[str, bytes]


class WaveRefused(Exception):
    """The broker refuses a batch for what is in it; it does not say which record is bad."""


class BusUnavailable(Exception):
    """The bus is away or did not answer in time: what was sent may or may not have arrived."""


class Publisher(Protocol):
    """Sends waves; after any failure it is closed and a fresh one is made."""

    async def send(self, wave: Sequence[OutgoingRecord]) -> None:
        """Return when every record is acknowledged, in order per partition. Errors: `WaveRefused`, `BusUnavailable`."""

    async def close(self) -> None:
        """Give everything back, within a bound."""


class Subscriber(Protocol):
    """Reads the partitions that it was given within its group."""

    async def fetch(self, busy: Collection[Place], wait_s: float) -> Mapping[Place, Sequence[IncomingRecord]]:
        """The next records of each partition that is not busy; waits at most `wait_s`. Errors: `BusUnavailable`."""

    async def commit(self, place: Place, next_offset: int) -> None:
        """Tell the bus how far we are, best effort."""

    async def close(self) -> None:
        """Leave the group, within a bound."""


Positions = Callable[[Collection[Place]], Awaitable[Mapping[Place, int]]]


class Bus(Protocol):
    """Makes publishers and subscribers."""

    async def publisher(self) -> Publisher:
        """A fresh publisher. Errors: `BusUnavailable`."""

    async def subscriber(self, group: str, topics: Sequence[str], instance: str, positions: Positions) -> Subscriber:
        """A member of a group, which starts each partition where `positions` says (0 when it says nothing)."""

    async def is_ready(self) -> bool:
        """Whether the bus answers."""

    async def close(self) -> None:
        """Give everything back."""


def partition_of(key: str) -> int:
    """The partition of a key: Kafka's own hash, so that a customer lies in the same one on every bus."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS)
