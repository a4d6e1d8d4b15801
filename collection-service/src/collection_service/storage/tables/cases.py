"""Cases, promises, pauses."""

from shared.database.columns import Id, Instant, fen
from shared.messaging.streams import Stream
from sqlalchemy import ARRAY, BigInteger, Column, Date, Index, Integer, Table, Text, Uuid, text

from collection_service.storage.tables.metadata import METADATA

collection_case = Table(
    "collection_case",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("customer_id", Id, nullable=False),
    Column("org_unit_id", Id, nullable=False),
    Column("collector_id", Id),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("event_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("stage", Text, nullable=False),
    Column("max_stage", Text, nullable=False),
    Column("risk_tier", Text, nullable=False),
    Column("dpd", Integer, nullable=False),
    fen("overdue_fen"),
    fen("disputed_fen"),
    Column("opened_on", Date, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("last_contact_person_id", Id),
    Column("next_action_at", Instant),
    Column("broken_promises", Integer, nullable=False, server_default=text("0")),
)
Index("uq_collection_case_open", collection_case.c.customer_id, unique=True, postgresql_where=text("state <> 'CLOSED'"))
Index("ix_collection_case_collector_id", collection_case.c.collector_id)
CASE = Stream("case", collection_case)

promise = Table(
    "promise",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, nullable=False),
    Column("customer_id", Id, nullable=False),
    fen("amount_fen"),
    Column("promised_on", Date, nullable=False),
    Column("deadline_on", Date, nullable=False),
    Column("method", Text),
    Column("by_person_id", Id),
    Column("made_at", Instant, nullable=False),
    Column("receivable_ids", ARRAY(Uuid(as_uuid=True)), nullable=False),
    fen("paid_fen"),
    Column("state", Text, nullable=False),
    Column("taken_by", Id, nullable=False),
)
Index("uq_promise_open", promise.c.case_id, unique=True, postgresql_where=text("state = 'OPEN'"))
Index("ix_promise_customer_id", promise.c.customer_id)

pause = Table(
    "pause",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("receivable_ids", ARRAY(Uuid(as_uuid=True)), nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source_ref", Text),
    Column("state", Text, nullable=False),
    Column("set_by", Id, nullable=False),
)
Index("ix_pause_case_id", pause.c.case_id)
