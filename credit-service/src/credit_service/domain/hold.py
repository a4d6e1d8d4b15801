"""A hold (占用): the amount of an order, split into credit, prepaid, missing, shipped and given back."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

HoldState = Literal["HELD", "PARTLY", "CONSUMED", "RELEASED", "EXPIRED"]
LIVE: tuple[HoldState, ...] = ("HELD", "PARTLY")


@dataclass(frozen=True, slots=True)
class Hold:
    """Amounts in fen: held + prepaid + missing + consumed + released = amount; reserved ≤ held + prepaid (I6)."""

    id: UUID
    customer_id: UUID
    order_ref: str
    amount_fen: int
    held_fen: int
    prepaid_fen: int
    missing_fen: int
    consumed_fen: int
    released_fen: int
    reserved_fen: int
    expires_at: datetime
    state: HoldState
    override_id: UUID | None = None

    @property
    def is_live(self) -> bool:
        """A hold ends once and is never opened again."""
        return self.state in LIVE

    @property
    def unreserved_fen(self) -> int:
        """What may still be released for shipment."""
        return self.held_fen + self.prepaid_fen - self.reserved_fen

    @property
    def prepaid_rest_fen(self) -> int:
        """Prepaid money that no release has reserved yet (prepaid is shipped first)."""
        return max(0, self.prepaid_fen - self.reserved_fen)

    def grown(self, credit_fen: int) -> "Hold":
        """More credit for the same order (amendment, over-delivery)."""
        return replace(self, amount_fen=self.amount_fen + credit_fen, held_fen=self.held_fen + credit_fen)

    def reserved(self, amount_fen: int) -> "Hold":
        """A release reserves its amount, so two releases never share it; negative gives it back."""
        return replace(self, reserved_fen=self.reserved_fen + amount_fen)

    def shipped(self, amount_fen: int) -> "tuple[Hold, int]":
        """Goods left: prepaid money first, then credit; returns the hold and the prepaid part."""
        prepaid = min(amount_fen, self.prepaid_fen)
        credit = amount_fen - prepaid
        consumed = self.consumed_fen + amount_fen
        rest = self.held_fen - credit + self.prepaid_fen - prepaid + self.missing_fen
        state: HoldState = "PARTLY" if rest else "CONSUMED"
        held, left = self.held_fen - credit, self.prepaid_fen - prepaid
        return replace(self, held_fen=held, prepaid_fen=left, consumed_fen=consumed, state=state), prepaid

    def reduced(self, amount_fen: int) -> "tuple[Hold, int, int]":
        """A smaller order: credit goes first, then prepaid; never below what is reserved. Returns credit and prepaid freed."""
        credit = min(amount_fen, self.held_fen)
        prepaid = min(amount_fen - credit, self.prepaid_fen)
        amount = self.amount_fen - credit - prepaid
        held, left = self.held_fen - credit, self.prepaid_fen - prepaid
        return replace(self, amount_fen=amount, held_fen=held, prepaid_fen=left), credit, prepaid

    def ended(self, state: HoldState) -> "Hold":
        """Released or expired: what is neither shipped nor reserved goes back (reserved must be 0)."""
        back = self.held_fen + self.prepaid_fen + self.missing_fen
        return replace(self, held_fen=0, prepaid_fen=0, missing_fen=0, released_fen=self.released_fen + back, state=state)

    def filled(self, amount_fen: int) -> "Hold":
        """A payment of the order covers what a bounced one left missing."""
        return replace(self, prepaid_fen=self.prepaid_fen + amount_fen, missing_fen=self.missing_fen - amount_fen)

    def bounced(self, amount_fen: int) -> "Hold":
        """Prepaid money is gone: it is missing now."""
        return replace(self, prepaid_fen=self.prepaid_fen - amount_fen, missing_fen=self.missing_fen + amount_fen)
