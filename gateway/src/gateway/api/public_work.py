"""A unit of work for the few routes that are open to callers without credentials."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, Request
from shared.records.work import Work
from shared.web.runtime import runtime_of


def public_command() -> Any:
    """`Depends(...)`: a transaction of the suite itself; what the route does is all that protects it."""

    async def open_work(request: Request) -> AsyncIterator[Work]:
        runtime = runtime_of(request)
        async with runtime.database.transaction() as session:
            yield Work(session, runtime.clock.now())

    return Depends(open_work, scope="function")
