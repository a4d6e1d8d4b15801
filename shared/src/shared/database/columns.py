"""Column types, named for what they hold."""

from sqlalchemy import BigInteger, Column, DateTime, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

Json = JSONB(none_as_null=True)
Instant = DateTime(timezone=True)
Id = Uuid(as_uuid=True)


def fen(name: str) -> Column[int]:
    """An amount in fen: bigint, not null, never negative (the domain `fen` of the schema), 0 by default."""
    return Column(name, BigInteger, nullable=False, server_default=text("0"))
