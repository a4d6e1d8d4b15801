"""Contact decisions and attempts."""

from shared.database.columns import Id, Instant, Json
from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, Text, text

from collection_service.storage.tables.metadata import METADATA

decision = Table(
    "decision",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, nullable=False),
    Column("collector_id", Id, nullable=False),
    Column("request", Json, nullable=False),
    Column("ruleset", Text, nullable=False),
    Column("allow", Boolean, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("spent", Boolean, nullable=False, server_default=text("false")),
)
Index("ix_decision_case_id", decision.c.case_id)

attempt = Table(
    "attempt",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, nullable=False),
    Column("customer_id", Id, nullable=False),
    Column("contact_person_id", Id),
    Column("contact_point_id", Id),
    Column("number_idx", LargeBinary),
    Column("channel", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("decision_id", Id, nullable=False, unique=True),
    Column("collector_id", Id, nullable=False),
    Column("template_version", Text),
    Column("reserved_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("outcome", Text),
    Column("effective", Boolean),
    Column("note", Text),
    Column("next_action_at", Instant),
    Column("state", Text, nullable=False),
)
Index("ix_attempt_customer_id_reserved_at", attempt.c.customer_id, attempt.c.reserved_at)
Index("ix_attempt_number_idx_reserved_at", attempt.c.number_idx, attempt.c.reserved_at)
Index("ix_attempt_case_id", attempt.c.case_id)
