"""Line applications and lines."""

from shared.database.columns import Id, Instant, Json, fen
from shared.messaging.streams import Stream
from sqlalchemy import ARRAY, BigInteger, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from credit_service.storage.tables.metadata import METADATA

application = Table(
    "application",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("customer_id", Id, ForeignKey("customer.id"), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("event_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    fen("limit_fen"),
    Column("term_days", Integer, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("effective_from", Date),
    Column("contract_id", Id, ForeignKey("contract.id"), nullable=False),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("funds_opinion", Json),
    Column("proposer_id", Id, nullable=False),
    Column("submitted_at", Instant),
    Column("approved_at", Instant),
    Column("created_at", Instant, nullable=False),
)
Index("ix_application_customer_id", application.c.customer_id)
APPLICATION = Stream("application", application)

line = Table(
    "line",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, ForeignKey("customer.id"), nullable=False),
    Column("application_id", Id, ForeignKey("application.id"), nullable=False),
    Column("contract_id", Id, ForeignKey("contract.id"), nullable=False),
    Column("kind", Text, nullable=False),
    fen("limit_fen"),
    Column("term_days", Integer, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("frozen_for", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("created_at", Instant, nullable=False),
)
Index(
    "uq_line_live",
    line.c.customer_id,
    unique=True,
    postgresql_where=text("state IN ('ACTIVE', 'FROZEN', 'EXPIRED')"),
)
