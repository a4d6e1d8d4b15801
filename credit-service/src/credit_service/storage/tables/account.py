"""The account: the one row that every gate stands on."""

from shared.database.columns import Id, fen
from shared.messaging.streams import Stream
from sqlalchemy import CHAR, BigInteger, CheckConstraint, Column, Date, Table, Text, text

from credit_service.storage.tables.metadata import METADATA

account = Table(
    "account",
    METADATA,
    Column("customer_id", Id, primary_key=True),
    Column("party", Text, CheckConstraint("party IN ('CUSTOMER','EMPLOYEE','GROUP')", "party"), nullable=False,
           server_default=text("'CUSTOMER'")),
    Column("currency", CHAR(3), nullable=False, server_default=text("'CNY'")),
    fen("limit_fen"),
    fen("ar_fen"),
    fen("bills_fen"),
    fen("held_fen"),
    fen("unapplied_fen"),
    fen("earmarked_fen"),
    Column("gate", Text, CheckConstraint("gate IN ('CREDIT','PREPAY','SUSPENDED')", "gate"), nullable=False,
           server_default=text("'PREPAY'")),
    Column("line_valid_until", Date),
    Column("oldest_due_on", Date),
    Column("oldest_aged_on", Date),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
)  # fmt: skip
ACCOUNT = Stream("account", account, "customer_id", "customer_id")
