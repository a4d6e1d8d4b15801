"""The figures that collections work with; amounts in fen. Defaults: spec section 7."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class CollectionPolicy:
    """What a later policy may change as data."""

    min_case_fen: int = 10_000
    small_balance_fen: int = 50_000
    promise_days: int = 30
    promise_grace_working_days: int = 2
    posting_lag_working_days: int = 1
    kept_percent: int = 99
    broken_before_supervisor: int = 2
    high_fen: int = 50_000_000
    medium_fen: int = 10_000_000
    lost_contact_fails: int = 3
    pause_days: int = 30
    token_life: timedelta = timedelta(minutes=5)
    reservation_life: timedelta = timedelta(minutes=5)


POLICY = CollectionPolicy()
