"""Copies of what credit-service owns: customers, people, receivables, allocations; and how far its days are closed."""

from shared.database.columns import Id, Instant, fen
from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Date, Index, Integer, Table, Text, text

from collection_service.storage.tables.metadata import METADATA

customer = Table(
    "customer_copy",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("legal_form", Text, nullable=False),
    Column("customer_class", Text),
    Column("key_account", Boolean, nullable=False),
    Column("account_manager_id", Id),
    Column("org_unit_id", Id, nullable=False),
    Column("owner_id", Id),
    Column("partition", Integer, nullable=False),
)
Index("ix_customer_copy_partition", customer.c.partition)

person = Table(
    "person_copy",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, nullable=False),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("opted_out", ARRAY(Text), nullable=False),
    Column("zone", Text),
    Column("refused_at", Instant),
    Column("current", Boolean, nullable=False, server_default=text("true")),
)
Index("ix_person_copy_customer_id", person.c.customer_id)

contact_point = Table(
    "contact_point",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, nullable=False),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("event_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("verified_at", Instant),
    Column("invalid_at", Instant),
    Column("current", Boolean, nullable=False, server_default=text("true")),
)
Index("ix_contact_point_person_id", contact_point.c.person_id)

item = Table(
    "item",
    METADATA,
    Column("receivable_id", Id, primary_key=True),
    Column("customer_id", Id, nullable=False),
    Column("ref", Text, nullable=False),
    Column("kind", Text, nullable=False),
    fen("amount_fen"),
    fen("open_fen"),
    fen("disputed_fen"),
    Column("shipped_on", Date),
    Column("due_on", Date, nullable=False),
    Column("overdue_since", Date),
    Column("six_months_old", Boolean, nullable=False, server_default=text("false")),
    Column("seq", BigInteger, nullable=False),
)
Index("ix_item_customer_id", item.c.customer_id)

allocation = Table(
    "allocation_copy",
    METADATA,
    Column("event_id", Id, primary_key=True),
    Column("receivable_id", Id, primary_key=True),
    Column("payment_id", Id, nullable=False),
    Column("customer_id", Id, nullable=False),
    fen("amount_fen"),
    Column("value_date", Date, nullable=False),
    Column("posted_at", Instant, nullable=False),
    Column("reversed", Boolean, nullable=False, server_default=text("false")),
)
Index("ix_allocation_copy_customer_id", allocation.c.customer_id)
Index("ix_allocation_copy_payment_id", allocation.c.payment_id)

partition_close = Table(
    "partition_close",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("credit_closed_on", Date, nullable=False),
    Column("closed_on", Date),
)
