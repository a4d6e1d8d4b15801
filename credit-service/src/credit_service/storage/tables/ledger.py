"""The ledger: receivables, payments, earmarks, journals, postings, allocations."""

from shared.database.columns import Id, Instant, fen
from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from credit_service.storage.tables.metadata import METADATA

receivable = Table(
    "receivable",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, ForeignKey("account.customer_id"), nullable=False),
    Column("ref", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("debt_id", Id),
    fen("amount_fen"),
    fen("open_fen"),
    fen("disputed_fen"),
    Column("dispute_until", Date),
    fen("secured_fen"),
    Column("rate_ppm_year", Integer, nullable=False, server_default=text("0")),
    Column("order_ref", Text),
    Column("shipment_ref", Text),
    Column("invoice_ref", Text),
    Column("occurred_on", Date, nullable=False),
    Column("shipped_on", Date),
    Column("aged_on", Date),
    Column("due_on", Date, nullable=False),
    Column("limitation_on", Date, nullable=False),
    Column("billed_to", Date),
    Column("overdue_event_on", Date),
    Column("due_soon_event_on", Date),
    Column("aged_event_on", Date),
    Column("settled_on", Date),
    Column("state", Text, nullable=False),
)
Index("uq_receivable_shipment", receivable.c.customer_id, receivable.c.shipment_ref, receivable.c.component, unique=True,
      postgresql_where=text("shipment_ref IS NOT NULL AND state <> 'CANCELLED'"))  # fmt: skip
Index(
    "ix_receivable_open",
    receivable.c.customer_id,
    receivable.c.due_on,
    postgresql_where=receivable.c.open_fen > text("0"),
)
Index("ix_receivable_due_on", receivable.c.due_on, postgresql_where=receivable.c.open_fen > text("0"))

payment = Table(
    "payment",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("customer_id", Id, ForeignKey("account.customer_id")),
    Column("kind", Text, nullable=False),
    Column("payer_type", Text, nullable=False),
    Column("payer_name", LargeBinary),
    Column("employee_id", Id),
    fen("amount_fen"),
    Column("value_date", Date, nullable=False),
    Column("posted_at", Instant, nullable=False),
    Column("dedupe_key", Text, nullable=False, unique=True),
    Column("order_ref", Text),
    fen("on_account_fen"),
    fen("earmarked_fen"),
    fen("refunded_fen"),
    Column("honoured_on", Date),
    Column("state", Text, nullable=False),
)
Index("ix_payment_customer_id_value_date", payment.c.customer_id, payment.c.value_date, payment.c.id)

earmark = Table(
    "earmark",
    METADATA,
    Column("payment_id", Id, ForeignKey("payment.id"), primary_key=True),
    Column("order_ref", Text, primary_key=True),
    fen("amount_fen"),
)

journal = Table(
    "journal",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("posted_at", Instant, nullable=False),
    Column("reverses", Id, unique=True),
    UniqueConstraint("kind", "ref"),
)

posting = Table(
    "posting",
    METADATA,
    Column("journal_id", Id, ForeignKey("journal.id"), primary_key=True),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("customer_id", Id, nullable=False),
    Column("acct", Text, nullable=False),
    fen("dr_fen"),
    fen("cr_fen"),
)
Index("ix_posting_customer_id_acct", posting.c.customer_id, posting.c.acct)

allocation = Table(
    "allocation",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("journal_id", Id, ForeignKey("journal.id"), nullable=False),
    Column("payment_id", Id, ForeignKey("payment.id")),
    Column("receivable_id", Id, ForeignKey("receivable.id"), nullable=False),
    fen("amount_fen"),
    Column("effective_on", Date, nullable=False),
    Column("reversed_by", Id),
)
Index("ix_allocation_payment_id", allocation.c.payment_id)
Index("ix_allocation_receivable_id", allocation.c.receivable_id)
