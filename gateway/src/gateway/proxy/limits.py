"""Rate limit (GCRA), circuit breaker and bulkhead."""

import time
from collections.abc import Callable
from dataclasses import dataclass

SWEEP_AT = 50_000
ROUNDING = 1e-9


class RateLimit:
    """The generic cell rate algorithm: one instant per key, exact `Retry-After`; each replica counts for itself."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._free_at: dict[str, float] = {}

    def wait(self, key: str, rate: float, burst: int) -> float:
        """0 when the call may pass (and is counted), else the seconds until it may."""
        now, step = self._now(), 1.0 / rate
        free_at = max(self._free_at.get(key, now), now)
        wait = free_at - now - step * (burst - 1)
        if wait > ROUNDING:
            return wait
        self._free_at[key] = free_at + step
        if len(self._free_at) > SWEEP_AT:
            self._free_at = {name: at for name, at in self._free_at.items() if at > now}
        return 0.0


@dataclass
class Guard:
    """One upstream's breaker and bulkhead: opens after five failures in a row, tries again after five seconds."""

    most: int = 256
    failures_to_open: int = 5
    open_s: float = 5.0
    now: Callable[[], float] = time.monotonic
    busy: int = 0
    failures: int = 0
    open_until: float = 0.0

    def refuses(self) -> str | None:
        """`BREAKER_OPEN`, `BULKHEAD_FULL`, or None when the call may pass."""
        if self.now() < self.open_until:
            return "BREAKER_OPEN"
        return "BULKHEAD_FULL" if self.busy >= self.most else None

    def enter(self) -> None:
        """A call begins."""
        self.busy += 1

    def leave(self, failed: bool) -> None:
        """It ended; a failure counts towards opening, a success closes."""
        self.busy -= 1
        self.failures = self.failures + 1 if failed else 0
        if self.failures >= self.failures_to_open:
            self.open_until = self.now() + self.open_s


class RetryBudget:
    """At most one retry per ten requests, over all upstreams."""

    def __init__(self, share: float = 0.1, floor: float = 10.0) -> None:
        self._share, self._left, self._most = share, floor, floor

    def request(self) -> None:
        """A request earns a tenth of a retry."""
        self._left = min(self._left + self._share, self._most)

    def take(self) -> bool:
        """Whether a retry may be spent."""
        if self._left < 1 - ROUNDING:
            return False
        self._left = max(self._left - 1, 0.0)
        return True
