"""Closes, violations, and proposals that wait for a second person."""

from shared.database.columns import Id, Instant, Json, fen
from shared.messaging.streams import Stream
from sqlalchemy import BigInteger, Column, Date, Integer, Table, Text, text

from credit_service.storage.tables.metadata import METADATA

day_close = Table(
    "day_close",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("event_key", Text, nullable=False),
    Column("last_closed_on", Date),
    Column("running_on", Date),
    Column("progress_done", Integer, nullable=False, server_default=text("0")),
    Column("progress_total", Integer, nullable=False, server_default=text("0")),
    Column("quarantined", Json, nullable=False, server_default=text("'[]'::jsonb")),
    Column("closed_at", Instant),
)
DAY_CLOSE = Stream("day_close", day_close)

violation = Table(
    "violation",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("person_id", Id, nullable=False),
    fen("amount_fen"),
    Column("subject", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

proposal = Table(
    "proposal",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, nullable=False),
    Column("payment_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    fen("amount_fen"),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Id, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", Text, nullable=False),
)
