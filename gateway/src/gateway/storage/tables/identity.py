"""People, units, keys, tokens."""

from shared.database.columns import Id, Instant
from shared.messaging.streams import Stream
from sqlalchemy import ARRAY, BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from gateway.storage.tables.metadata import METADATA

unit = Table(
    "unit",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("event_key", Text, nullable=False),
    Column("parent_id", Id, ForeignKey("unit.id")),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("manager_id", Id),
)
UNIT = Stream("org_unit", unit)

user = Table(
    "user_account",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("event_key", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default=text("'user'")),
    Column("login", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text),
    Column("roles", ARRAY(Text), nullable=False),
    Column("org_unit_id", Id, ForeignKey("unit.id")),
    Column("superior_id", Id),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Instant, nullable=False),
)
USER = Stream("user", user)

api_key = Table(
    "api_key",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("prefix", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)
Index("ix_api_key_user_id", api_key.c.user_id)

refresh_token = Table(
    "refresh_token",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("family_id", Id, nullable=False),
    Column("user_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)
Index("ix_refresh_token_family_id", refresh_token.c.family_id)

delegation = Table(
    "delegation",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("event_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("event_key", Text, nullable=False),
    Column("from_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("to_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_to", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("revoked_at", Instant),
)
Index("ix_delegation_to_id", delegation.c.to_id)
DELEGATION = Stream("delegation", delegation)

signing_key = Table(
    "signing_key",
    METADATA,
    Column("kid", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

setup = Table(
    "setup",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("token_sha256", LargeBinary, nullable=False),
    Column("done_at", Instant),
)

login_failure = Table(
    "login_failure",
    METADATA,
    Column("who", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)
