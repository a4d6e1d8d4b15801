"""The customer file: customers, contact persons, contracts."""

from shared.database.columns import Id, Instant, Json
from shared.messaging.streams import Stream
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from credit_service.storage.tables.metadata import METADATA

customer = Table(
    "customer",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("event_key", Text, nullable=False),
    Column("org_unit_id", Id, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("type", Text, nullable=False),
    Column("legal_form", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("name_index", LargeBinary, nullable=False),
    Column("phone_index", LargeBinary, nullable=False),
    Column("uscc", Text),
    Column("category", Text, nullable=False),
    Column("size", Text),
    Column("business_type", Text, nullable=False, server_default=text("'B'")),
    Column("bill_to_id", Id, nullable=False),
    Column("managed", Boolean, nullable=False, server_default=text("false")),
    Column("customer_class", Text),
    Column("key_account", Boolean, nullable=False, server_default=text("false")),
    Column("account_manager_id", Id),
    Column("profile", Json, nullable=False, server_default=text("'{}'::jsonb")),
    Column("created_at", Instant, nullable=False),
)
Index("uq_customer_uscc", customer.c.uscc, unique=True)
Index("uq_customer_name_phone", customer.c.name_index, customer.c.phone_index, unique=True)
CUSTOMER = Stream("customer", customer)

contact_person = Table(
    "contact_person",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, ForeignKey("customer.id"), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("preferred_channel", Text),
    Column("opted_out", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("contact_points", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("ix_contact_person_customer_id", contact_person.c.customer_id)

contract = Table(
    "contract",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("customer_id", Id, ForeignKey("customer.id"), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("event_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("term_days", Integer, nullable=False),
    Column("clauses", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("ix_contract_customer_id", contract.c.customer_id)
CONTRACT = Stream("contract", contract)
