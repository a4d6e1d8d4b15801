"""When parking stops being the remedy: more than 1 % of the keys parked within five minutes."""

import time
from collections.abc import Callable

WINDOW_S = 300.0
SHARE = 0.01
NEVER_BELOW = 5


class StopRule:
    """Counts distinct keys, seen and parked, in a sliding window; a handful of bad keys never stops a small system."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: dict[str, float] = {}
        self._parked: dict[str, float] = {}

    def seen(self, key: str) -> None:
        """A record of this key was handled."""
        self._seen[key] = self._now()
        if len(self._seen) > 100_000:
            self._seen = self._within(self._seen)

    def parked(self, key: str) -> bool:
        """A record of this key was parked; True when the consumer must stop."""
        self._parked[key] = self._now()
        self._seen, self._parked = self._within(self._seen), self._within(self._parked)
        keys = len(self._seen.keys() | self._parked.keys())
        return len(self._parked) > max(NEVER_BELOW, SHARE * keys)

    def _within(self, keys: dict[str, float]) -> dict[str, float]:
        horizon = self._now() - WINDOW_S
        return {key: at for key, at in keys.items() if at > horizon}
