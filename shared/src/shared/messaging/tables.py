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

inbox = Table(
    "inbox",
    RECORDS,
    Column("event_id", Id, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("handled_at", Instant, nullable=False),
)

stream_position = Table(
    "stream_position",
    RECORDS,
    Column("aggregate_type", Text, primary_key=True),
    Column("aggregate_id", Id, primary_key=True),
    Column("last_seq", BigInteger, nullable=False),
)

consumer_offset = Table(
    "consumer_offset",
    RECORDS,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
)

parked = Table(
    "parked",
    RECORDS,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("value", LargeBinary),
    Column("reason", Text, nullable=False),
    Column("parked_at", Instant, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'PARKED'")),
    Column("decided_at", Instant),
)
Index("ix_parked_topic_key", parked.c.topic, parked.c.key, postgresql_where=parked.c.state == text("'PARKED'"))
