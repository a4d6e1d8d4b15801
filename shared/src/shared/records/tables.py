"""The rows that every service keeps alike."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from shared.database.columns import Id, Instant, Json
from shared.database.metadata import RECORDS

person = Table(
    "person",
    RECORDS,
    Column("id", Id, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("org_unit_id", Id),
    Column("superior_id", Id),
    Column("active", Boolean, nullable=False),
)

org_unit = Table(
    "org_unit",
    RECORDS,
    Column("id", Id, primary_key=True),
    Column("parent_id", Id),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("manager_id", Id),
)

audit = Table(
    "audit",
    RECORDS,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor_id", Id, nullable=False),
    Column("on_behalf_of", Id),
    Column("correlation_id", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("entity_id", Id, nullable=False),
    Column("action", Text, nullable=False),
    Column("before", Json),
    Column("after", Json),
    Column("reason", Text),
)
Index("ix_audit_entity_entity_id", audit.c.entity, audit.c.entity_id)
Index("ix_audit_correlation_id", audit.c.correlation_id)

audit_seal = Table(
    "audit_seal",
    RECORDS,
    Column("audit_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sha256", LargeBinary, nullable=False),
)

approval_step = Table(
    "approval_step",
    RECORDS,
    Column("subject", Text, nullable=False, primary_key=True),
    Column("step", SmallInteger, nullable=False, primary_key=True, autoincrement=False),
    Column("actor_id", Id, nullable=False),
    Column("principal_id", Id, nullable=False),
    Column("decision", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("subject", "actor_id"),
    UniqueConstraint("subject", "principal_id"),
)

numbering = Table(
    "numbering",
    RECORDS,
    Column("series", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

notice = Table(
    "notice",
    RECORDS,
    Column("id", Id, primary_key=True),
    Column("recipient_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("urgent", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Instant, nullable=False),
    Column("read_at", Instant),
)
Index("ix_notice_recipient_id_id", notice.c.recipient_id, notice.c.id)

timer = Table(
    "timer",
    RECORDS,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'PLANNED'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("not_before", Instant),
    Column("fired_at", Instant),
    Column("last_error", Text),
    UniqueConstraint("kind", "subject_id", "epoch"),
)
Index("ix_timer_due_at", timer.c.due_at, postgresql_where=timer.c.state == text("'PLANNED'"))

idempotency = Table(
    "idempotency",
    RECORDS,
    Column("principal_id", Id, primary_key=True),
    Column("method", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("ix_idempotency_created_at", idempotency.c.created_at)

customer_key = Table(
    "customer_key",
    RECORDS,
    Column("customer_id", Id, primary_key=True),
    Column("wrapped", LargeBinary),
    Column("erased_on", Date),
)
