"""One body for both buses: order per key, resuming, broadcast places, take-over (G-03)."""

import asyncio
from collections.abc import Collection, Mapping
from uuid import uuid4

from shared.messaging.ports import PARTITIONS, Bus, IncomingRecord, OutgoingRecord, Place, Subscriber, partition_of

TOPIC = "survey.events"


def record(key: str, number: int) -> OutgoingRecord:
    return OutgoingRecord(TOPIC, key, f"{number}".encode(), [("ce_type", b"x"), ("n", str(number).encode())])


async def start_of_all(places: Collection[Place]) -> Mapping[Place, int]:
    return {}


async def read_until(subscriber: Subscriber, count: int, mine: set[str], seconds: float = 20) -> list[IncomingRecord]:
    found: list[IncomingRecord] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            for records in (await subscriber.fetch((), 0.2)).values():
                found += [item for item in records if item.key in mine]
    return found


async def test_records_of_a_key_arrive_in_order_with_headers_and_value(bus: Bus) -> None:
    """G-03: two events of one aggregate are consumed in publish order."""
    keys = [str(uuid4()) for _ in range(20)]
    publisher = await bus.publisher()
    for number in range(3):
        await publisher.send([record(key, number * 2 + more) for key in keys for more in range(2)])
    subscriber = await bus.subscriber(f"g{uuid4()}", [TOPIC], "1", start_of_all)
    found = await read_until(subscriber, 120, set(keys))
    for key in keys:
        mine = [item for item in found if item.key == key]
        assert [item.value for item in mine] == [f"{number}".encode() for number in range(6)]
        assert all(item.headers["n"] == item.value and item.partition == partition_of(key) for item in mine)
        assert [item.offset for item in mine] == sorted(item.offset for item in mine)
    await subscriber.close()
    await publisher.close()


async def test_a_subscriber_starts_where_the_reader_says(bus: Bus) -> None:
    key = str(uuid4())
    publisher = await bus.publisher()
    await publisher.send([record(key, number) for number in range(5)])
    first = await bus.subscriber(f"g{uuid4()}", [TOPIC], "1", start_of_all)
    third = (await read_until(first, 5, {key}))[2]
    await first.close()

    async def from_third(places: Collection[Place]) -> Mapping[Place, int]:
        return {(TOPIC, third.partition): third.offset}

    second = await bus.subscriber(f"g{uuid4()}", [TOPIC], "1", from_third)
    found = await read_until(second, 3, {key})
    assert [item.value for item in found] == [b"2", b"3", b"4"]
    await second.close()
    await publisher.close()


async def test_a_named_partition_wins_over_the_key(bus: Bus) -> None:
    key = str(uuid4())
    publisher = await bus.publisher()
    await publisher.send([OutgoingRecord(TOPIC, key, b"all", [], place) for place in range(PARTITIONS)])
    subscriber = await bus.subscriber(f"g{uuid4()}", [TOPIC], "1", start_of_all)
    found = await read_until(subscriber, PARTITIONS, {key})
    assert sorted(item.partition for item in found) == list(range(PARTITIONS))
    await subscriber.close()
    await publisher.close()


async def test_a_busy_partition_is_left_alone(bus: Bus) -> None:
    key = str(uuid4())
    publisher = await bus.publisher()
    subscriber = await bus.subscriber(f"g{uuid4()}", [TOPIC], "1", start_of_all)
    await read_until(subscriber, 0, set())
    await publisher.send([record(key, 1)])
    busy = {(TOPIC, partition_of(key))}
    for _ in range(5):
        assert busy.isdisjoint(await subscriber.fetch(busy, 0.1))
    assert len(await read_until(subscriber, 1, {key})) == 1
    await subscriber.close()
    await publisher.close()


async def test_another_member_takes_over_when_one_is_gone(bus: Bus) -> None:
    group, key = f"g{uuid4()}", str(uuid4())
    first = await bus.subscriber(group, [TOPIC], "one", start_of_all)
    publisher = await bus.publisher()
    await publisher.send([record(key, 1)])
    await read_until(first, 1, {key})
    second = await bus.subscriber(group, [TOPIC], "two", start_of_all)
    await first.close()
    await publisher.send([record(key, 2)])
    found = await read_until(second, 2, {key}, seconds=40)
    assert [item.value for item in found] == [b"1", b"2"]
    await second.close()
    await publisher.close()
