"""One aggregate to publish about."""

from sqlalchemy import BigInteger, Column, Table, Text, text

from shared.database.columns import Id
from shared.database.metadata import service_metadata
from shared.messaging.streams import Stream

METADATA = service_metadata()
counter = Table(
    "counter",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("event_key", Text, nullable=False),
    Column("value", BigInteger, nullable=False, server_default=text("0")),
)
COUNTER = Stream("application", counter)
