"""The event feed: every event of every topic, at one gap-free position."""

from shared.database.columns import Id, Instant, Json
from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from gateway.storage.tables.metadata import METADATA

feed = Table(
    "feed",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Id, nullable=False),
    Column("type", Text, nullable=False),
    Column("org_unit_id", Id),
    Column("owner_id", Id),
    Column("event", Json, nullable=False),
    Column("arrived_at", Instant, nullable=False),
)
Index("ix_feed_arrived_at", feed.c.arrived_at)

feed_head = Table(
    "feed_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

demo_clock = Table(
    "demo_clock",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("offset_ms", BigInteger, nullable=False),
)
