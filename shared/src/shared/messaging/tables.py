"""The rows of sending and receiving: outbox, inbox, positions, offsets, parked records."""

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, LargeBinary, Table, Text, text

from shared.database.columns import Id, Instant
from shared.database.metadata import RECORDS

outbox = Table(
    "outbox",
    RECORDS,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Id, nullable=False),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("aggregate_type", Text, nullable=False),
    Column("aggregate_id", Id, nullable=False),
    Column("aggregate_seq", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("data", LargeBinary),
    Column("broadcast", Boolean, nullable=False, server_default=text("false")),
    Column("published_at", Instant),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Instant),
    Column("last_error", Text),
)
Index("ix_outbox_unpublished", outbox.c.position, postgresql_where=outbox.c.published_at.is_(None))
