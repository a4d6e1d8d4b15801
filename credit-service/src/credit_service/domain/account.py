"""A customer's account as every gate sees it: the columns of one row."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

Gate = Literal["CREDIT", "PREPAY", "SUSPENDED"]


@dataclass(frozen=True, slots=True)
class Account:
    """Amounts in fen. Cash earmarked to an order never counts in the exposure."""

    customer_id: UUID
    limit_fen: int = 0
    ar_fen: int = 0
    bills_fen: int = 0
    held_fen: int = 0
    unapplied_fen: int = 0
    earmarked_fen: int = 0
    gate: Gate = "PREPAY"
    line_valid_until: date | None = None
    oldest_due_on: date | None = None
    oldest_aged_on: date | None = None
    event_seq: int = 0

    @property
    def exposure_fen(self) -> int:
        """Receivables, bills and holds, less cash on account (赊欠敞口)."""
        return self.ar_fen + self.bills_fen + self.held_fen - self.unapplied_fen

    @property
    def available_fen(self) -> int:
        """What may still be sold on credit."""
        return max(0, self.limit_fen - self.exposure_fen)

    @property
    def over_limit_fen(self) -> int:
        """By how much the exposure is above the limit."""
        return max(0, self.exposure_fen - self.limit_fen)

    def shown(self) -> dict[str, int]:
        """The account block of an answer."""
        names = ("limit_fen", "ar_fen", "bills_fen", "held_fen", "unapplied_fen", "earmarked_fen")
        amounts = {name: getattr(self, name) for name in names}
        derived = {"available_fen": self.available_fen, "over_limit_fen": self.over_limit_fen}
        return amounts | derived | {"event_seq": self.event_seq}
