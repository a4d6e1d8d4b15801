"""The business clock: moved forward by a demo suite, never back."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from shared.clock import Clock
from shared.values.errors import Conflict


def test_it_tells_the_systems_time_until_it_is_moved() -> None:
    before = datetime.now(UTC)
    assert before <= Clock().now() <= datetime.now(UTC)


def test_it_moves_forward_and_runs_on() -> None:
    clock = Clock()
    target = clock.now() + timedelta(days=64)
    clock.move_to(target)
    assert target <= clock.now() < target + timedelta(seconds=5)


def test_it_never_moves_back() -> None:
    clock = Clock(timedelta(days=10))
    with pytest.raises(Conflict, match="CLOCK_BACKWARDS"):
        clock.move_to(datetime.now(UTC))
    assert clock.offset == timedelta(days=10)


async def test_a_move_wakes_whoever_sleeps() -> None:
    clock = Clock()
    sleeper = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    clock.move_to(clock.now() + timedelta(days=1))
    await asyncio.wait_for(sleeper, 1)


async def test_without_a_move_it_sleeps_its_time() -> None:
    await asyncio.wait_for(Clock().sleep(0.01), 1)
