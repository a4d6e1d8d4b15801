"""The loops beside HTTP: supervised, restarted after a failure, ended within a bound."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from shared.database.engine import is_away
from shared.messaging.consumer import ConsumerStopped

PAUSE_S = 1.0
END_S = 10.0
log = logging.getLogger(__name__)
Loop = Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(loops: Mapping[str, Loop], broken: dict[str, str]) -> AsyncIterator[None]:
    """Run the loops while the block lasts; `broken` says which are down and why."""
    tasks = [asyncio.create_task(_supervised(name, loop, broken), name=name) for name, loop in loops.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=END_S)


async def _supervised(name: str, loop: Loop, broken: dict[str, str]) -> None:
    while True:
        try:
            await loop()
        except ConsumerStopped as stopped:
            broken[name] = str(stopped)
            log.error("loop stopped", extra={"loop": name, "why": str(stopped)})
            return
        except Exception as error:
            broken[name] = repr(error)
            details = None if is_away(error) else error
            log.error("loop failed, it starts again", extra={"loop": name, "why": repr(error)}, exc_info=details)
        await asyncio.sleep(PAUSE_S)
        broken.pop(name, None)
