"""The figures of the credit policy that this service works with; a later policy replaces the defaults as data."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class CreditPolicy:
    """Amounts in fen, terms in days. Defaults: spec section 9."""

    version: str = "default"
    hold_life: timedelta = timedelta(days=7)
    token_life: timedelta = timedelta(hours=24)
    min_partial_fen: int = 1_000_000
    grace_days: int = 0
    max_term_days: int = 60
    finance_vp_up_to_fen: int = 50_000_000
    below_grade_up_to_fen: int = 5_000_000
    override_finance_vp_up_to_fen: int = 5_000_000
    override_life: timedelta = timedelta(days=7)
    cash_term_days: int = 30
    dispute_max_days: int = 60
    due_soon_days: int = 3
    limitation_years: int = 3


POLICY = CreditPolicy()
