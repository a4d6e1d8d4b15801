"""The order check's hot path: account, hold, decision and event in one statement (spec section 3.1)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import bindparam

from credit_service.domain.account import Account
from credit_service.storage.accounts import COLUMNS

NEVER = date.min
RETURNED = ", ".join(column.name for column in COLUMNS)
TAKE = """
UPDATE account SET held_fen=held_fen+:credit, unapplied_fen=unapplied_fen-:cash, earmarked_fen=earmarked_fen+:cash,
  event_seq=event_seq+:events
 WHERE customer_id=:customer AND gate<>'SUSPENDED' AND unapplied_fen>=:cash
   AND (:credit+:cash=0 OR ar_fen+bills_fen+held_fen-unapplied_fen+:cash+:credit<=limit_fen+:excess)
   AND (:credit=0 OR (gate='CREDIT' AND line_valid_until>=:line_on
        AND (oldest_due_on IS NULL OR oldest_due_on>=:due_on) AND (oldest_aged_on IS NULL OR oldest_aged_on>=:aged_on)))
RETURNING """
TAKE_ONLY = text(TAKE + RETURNED)
PLACE_HOLD = text(f"""
WITH taken AS ({TAKE} *),
held AS (
  INSERT INTO hold (id, customer_id, order_ref, amount_fen, held_fen, expires_at, state)
  SELECT :hold_id, customer_id, :order_ref, :credit, :credit, :expires_at, 'HELD' FROM taken),
decided AS (
  INSERT INTO decision (id, customer_id, kind, order_ref, input, verdict, reasons, account, policy, actor_id, at)
  SELECT :decision_id, customer_id, 'ORDER', :order_ref, :input, 'APPROVED', '[]', to_jsonb(taken), :policy, :actor_id, :now
  FROM taken),
announced AS (
  INSERT INTO outbox (id, topic, key, aggregate_type, aggregate_id, aggregate_seq, type, occurred_at, headers, data)
  SELECT :event_id, 'credit.events', customer_id::text, 'account', customer_id, event_seq, :event_type, :now,
         :headers || convert_to(event_seq::text, 'UTF8'), :data
  FROM taken)
SELECT {RETURNED} FROM taken""").bindparams(bindparam("input", type_=JSONB))


@dataclass(frozen=True, slots=True)
class Taking:
    """What the conditional update takes, in fen; a code that an override skips has the date `NEVER`."""

    customer_id: UUID
    credit_fen: int
    cash_fen: int
    excess_fen: int
    line_on: date
    due_on: date
    aged_on: date

    def parameters(self, events: int) -> dict[str, Any]:
        """By the names of the statement."""
        return {
            "customer": self.customer_id,
            "credit": self.credit_fen,
            "cash": self.cash_fen,
            "excess": self.excess_fen,
            "line_on": self.line_on,
            "due_on": self.due_on,
            "aged_on": self.aged_on,
            "events": events,
        }


@dataclass(frozen=True, slots=True)
class NewHold:
    """What the hot path writes beside the account. `headers` end where the sequence number is appended."""

    hold_id: UUID
    decision_id: UUID
    event_id: UUID
    order_ref: str
    input: dict[str, Any]
    policy: str
    actor_id: UUID
    now: datetime
    expires_at: datetime
    event_type: str
    headers: bytes
    data: bytes


async def place_hold(session: AsyncSession, taking: Taking, new: NewHold) -> Account | None:
    """Take the credit and write hold, decision and event; None (nothing written) when a gate of the row refuses.

    Errors: `IntegrityError` when the order has a living hold.
    """
    beside = {name: getattr(new, name) for name in NewHold.__slots__}
    row = (await session.execute(PLACE_HOLD, taking.parameters(1) | beside)).first()
    return Account(*row) if row else None


async def take(session: AsyncSession, taking: Taking) -> Account | None:
    """The same conditional update alone, for whoever holds the row's lock already; None when a gate refuses."""
    row = (await session.execute(TAKE_ONLY, taking.parameters(0))).first()
    return Account(*row) if row else None
