"""Orders on their way: overrides, holds, releases, decisions."""

from shared.database.columns import Id, Instant, Json, fen
from sqlalchemy import ARRAY, Column, ForeignKey, Index, LargeBinary, Table, Text, text

from credit_service.storage.tables.metadata import METADATA

override = Table(
    "override",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, ForeignKey("account.customer_id"), nullable=False),
    Column("order_ref", Text, nullable=False),
    fen("excess_fen"),
    Column("codes", ARRAY(Text), nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", Id, nullable=False),
    Column("state", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("decision_id", Id, unique=True),
)

hold = Table(
    "hold",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, ForeignKey("account.customer_id"), nullable=False),
    Column("order_ref", Text, nullable=False),
    fen("amount_fen"),
    fen("held_fen"),
    fen("prepaid_fen"),
    fen("missing_fen"),
    fen("consumed_fen"),
    fen("released_fen"),
    fen("reserved_fen"),
    Column("override_id", Id, ForeignKey("override.id")),
    Column("expires_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
)
Index("uq_hold_live_order", hold.c.customer_id, hold.c.order_ref, unique=True,
      postgresql_where=text("state IN ('HELD', 'PARTLY')"))  # fmt: skip
Index("ix_hold_expires_at", hold.c.expires_at, postgresql_where=text("state IN ('HELD', 'PARTLY')"))

release = Table(
    "release",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("hold_id", Id, ForeignKey("hold.id"), nullable=False),
    Column("shipment_ref", Text, nullable=False),
    fen("amount_fen"),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("released_by", Id, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
Index("uq_release_live_shipment", release.c.hold_id, release.c.shipment_ref, unique=True,
      postgresql_where=text("state IN ('ISSUED', 'USED')"))  # fmt: skip
Index("ix_release_expires_at", release.c.expires_at, postgresql_where=release.c.state == text("'ISSUED'"))

decision = Table(
    "decision",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("order_ref", Text, nullable=False),
    Column("input", Json, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("account", Json, nullable=False),
    Column("policy", Text, nullable=False),
    Column("actor_id", Id, nullable=False),
    Column("at", Instant, nullable=False),
)
Index("ix_decision_customer_id_id", decision.c.customer_id, decision.c.id)
