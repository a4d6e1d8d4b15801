"""The only reader of the business time."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from shared.values.calendar import business_day
from shared.values.errors import Conflict


class Clock:
    """Business time: the system's clock plus the offset that a demo suite may move forward, never back.

    Token expiry, retries and TLS do not use it: they keep the real time.
    """

    def __init__(self, offset: timedelta = timedelta(0), *, movable: bool = False) -> None:
        self._offset = offset
        self.movable = movable
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """The instant in UTC."""
        return datetime.now(UTC) + self._offset

    def today(self) -> date:
        """The business day in Asia/Shanghai."""
        return business_day(self.now())

    @property
    def offset(self) -> timedelta:
        """How far business time is ahead of the system's clock (zero but for a demo suite)."""
        return self._offset

    def move_to(self, now: datetime) -> None:
        """Move business time forward to `now`. Errors: 409 `CLOCK_BACKWARDS`."""
        if now < self.now():
            raise Conflict("CLOCK_BACKWARDS", "business time only moves forward", now=self.now().isoformat())
        self._offset = now - datetime.now(UTC)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of real time, or less when the clock is moved."""
        try:
            await asyncio.wait_for(self._moved.wait(), seconds)
        except TimeoutError:
            return
