"""One aggregate to publish about."""

from shared.database.migrations import run_sql

revision = "0001_counter"
down_revision = None
branch_labels = None
depends_on = None

SQL = """
CREATE TABLE counter (id uuid CONSTRAINT pk_counter PRIMARY KEY, event_seq bigint NOT NULL DEFAULT 0,
  event_key text NOT NULL, value bigint NOT NULL DEFAULT 0)
"""


def upgrade() -> None:
    run_sql(SQL)
