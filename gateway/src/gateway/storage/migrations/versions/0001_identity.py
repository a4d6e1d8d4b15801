"""People, units, keys, tokens, and the event feed."""

from shared.database.migrations import run_sql

revision = "0001_identity"
down_revision = None
branch_labels = None
depends_on = None

SQL = """
CREATE TABLE demo_clock (
  id INTEGER NOT NULL,
  offset_ms BIGINT NOT NULL,
  CONSTRAINT pk_demo_clock PRIMARY KEY (id)
)

CREATE TABLE feed (
  position BIGINT NOT NULL,
  id UUID NOT NULL,
  type TEXT NOT NULL,
  org_unit_id UUID,
  owner_id UUID,
  event JSONB NOT NULL,
  arrived_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_feed PRIMARY KEY (position)
)

CREATE INDEX ix_feed_arrived_at ON feed (arrived_at)

CREATE TABLE feed_head (
  id INTEGER NOT NULL,
  last BIGINT NOT NULL,
  CONSTRAINT pk_feed_head PRIMARY KEY (id)
)

CREATE TABLE login_failure (
  who TEXT NOT NULL,
  failures INTEGER NOT NULL,
  last_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_login_failure PRIMARY KEY (who)
)

CREATE TABLE setup (
  id INTEGER NOT NULL,
  token_sha256 BYTEA NOT NULL,
  done_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_setup PRIMARY KEY (id)
)

CREATE TABLE signing_key (
  kid TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_signing_key PRIMARY KEY (kid)
)

CREATE TABLE unit (
  id UUID NOT NULL,
  version INTEGER DEFAULT 1 NOT NULL,
  event_seq BIGINT DEFAULT 0 NOT NULL,
  event_key TEXT NOT NULL,
  parent_id UUID,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  manager_id UUID,
  CONSTRAINT pk_unit PRIMARY KEY (id),
  CONSTRAINT fk_unit_parent_id FOREIGN KEY(parent_id) REFERENCES unit (id)
)

CREATE TABLE user_account (
  id UUID NOT NULL,
  version INTEGER DEFAULT 1 NOT NULL,
  event_seq BIGINT DEFAULT 0 NOT NULL,
  event_key TEXT NOT NULL,
  kind TEXT DEFAULT 'user' NOT NULL,
  login TEXT NOT NULL,
  display_name TEXT NOT NULL,
  password_hash TEXT,
  roles TEXT[] NOT NULL,
  org_unit_id UUID,
  superior_id UUID,
  active BOOLEAN DEFAULT true NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_user_account PRIMARY KEY (id),
  CONSTRAINT uq_user_account_login UNIQUE (login),
  CONSTRAINT fk_user_account_org_unit_id FOREIGN KEY(org_unit_id) REFERENCES unit (id)
)

CREATE TABLE api_key (
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  prefix TEXT NOT NULL,
  sha256 BYTEA NOT NULL,
  name TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE,
  revoked_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_api_key PRIMARY KEY (id),
  CONSTRAINT fk_api_key_user_id FOREIGN KEY(user_id) REFERENCES user_account (id),
  CONSTRAINT uq_api_key_sha256 UNIQUE (sha256)
)

CREATE INDEX ix_api_key_user_id ON api_key (user_id)

CREATE TABLE delegation (
  id UUID NOT NULL,
  event_seq BIGINT DEFAULT 0 NOT NULL,
  event_key TEXT NOT NULL,
  from_id UUID NOT NULL,
  to_id UUID NOT NULL,
  permissions TEXT[] NOT NULL,
  valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
  valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
  reason TEXT NOT NULL,
  created_by UUID NOT NULL,
  revoked_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_delegation PRIMARY KEY (id),
  CONSTRAINT fk_delegation_from_id FOREIGN KEY(from_id) REFERENCES user_account (id),
  CONSTRAINT fk_delegation_to_id FOREIGN KEY(to_id) REFERENCES user_account (id)
)

CREATE INDEX ix_delegation_to_id ON delegation (to_id)

CREATE TABLE refresh_token (
  id UUID NOT NULL,
  family_id UUID NOT NULL,
  user_id UUID NOT NULL,
  sha256 BYTEA NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  used_at TIMESTAMP WITH TIME ZONE,
  revoked_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_refresh_token PRIMARY KEY (id),
  CONSTRAINT fk_refresh_token_user_id FOREIGN KEY(user_id) REFERENCES user_account (id),
  CONSTRAINT uq_refresh_token_sha256 UNIQUE (sha256)
)

CREATE INDEX ix_refresh_token_family_id ON refresh_token (family_id)
"""


def upgrade() -> None:
    run_sql(SQL)
