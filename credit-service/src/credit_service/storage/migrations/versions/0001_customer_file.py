"""The customer file, contracts, applications and lines."""

from shared.database.migrations import run_sql

revision = "0001_customer_file"
down_revision = None
branch_labels = None
depends_on = None

SQL = """
CREATE DOMAIN fen AS bigint NOT NULL DEFAULT 0 CHECK (VALUE >= 0)

CREATE TABLE customer (
  id UUID NOT NULL,
  number TEXT NOT NULL,
  version INTEGER DEFAULT 1 NOT NULL,
  event_seq BIGINT DEFAULT 0 NOT NULL,
  event_key TEXT NOT NULL,
  org_unit_id UUID NOT NULL,
  owner_id UUID NOT NULL,
  type TEXT NOT NULL,
  legal_form TEXT NOT NULL,
  status TEXT NOT NULL,
  name TEXT NOT NULL,
  phone TEXT NOT NULL,
  address TEXT NOT NULL,
  name_index BYTEA NOT NULL,
  phone_index BYTEA NOT NULL,
  uscc TEXT,
  category TEXT NOT NULL,
  size TEXT,
  business_type TEXT DEFAULT 'B' NOT NULL,
  bill_to_id UUID NOT NULL,
  managed BOOLEAN DEFAULT false NOT NULL,
  customer_class TEXT,
  key_account BOOLEAN DEFAULT false NOT NULL,
  account_manager_id UUID,
  profile JSONB DEFAULT '{}'::jsonb NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_customer PRIMARY KEY (id),
  CONSTRAINT uq_customer_number UNIQUE (number)
)

CREATE UNIQUE INDEX uq_customer_name_phone ON customer (name_index, phone_index)

CREATE UNIQUE INDEX uq_customer_uscc ON customer (uscc)

CREATE TABLE contact_person (
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  version INTEGER DEFAULT 1 NOT NULL,
  role TEXT NOT NULL,
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  preferred_channel TEXT,
  opted_out TEXT[] DEFAULT '{}'::text[] NOT NULL,
  contact_points JSONB NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_contact_person PRIMARY KEY (id),
  CONSTRAINT fk_contact_person_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
)

CREATE INDEX ix_contact_person_customer_id ON contact_person (customer_id)

CREATE TABLE contract (
  id UUID NOT NULL,
  number TEXT NOT NULL,
  customer_id UUID NOT NULL,
  version INTEGER DEFAULT 1 NOT NULL,
  event_seq BIGINT DEFAULT 0 NOT NULL,
  event_key TEXT NOT NULL,
  state TEXT NOT NULL,
  valid_from DATE NOT NULL,
  valid_until DATE NOT NULL,
  term_days INTEGER NOT NULL,
  clauses JSONB NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_contract PRIMARY KEY (id),
  CONSTRAINT uq_contract_number UNIQUE (number),
  CONSTRAINT fk_contract_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
)

CREATE INDEX ix_contract_customer_id ON contract (customer_id)

CREATE TABLE application (
  id UUID NOT NULL,
  number TEXT NOT NULL,
  customer_id UUID NOT NULL,
  version INTEGER DEFAULT 1 NOT NULL,
  event_seq BIGINT DEFAULT 0 NOT NULL,
  event_key TEXT NOT NULL,
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  limit_fen fen,
  term_days INTEGER NOT NULL,
  valid_until DATE NOT NULL,
  effective_from DATE,
  contract_id UUID NOT NULL,
  content_sha256 BYTEA NOT NULL,
  funds_opinion JSONB,
  proposer_id UUID NOT NULL,
  submitted_at TIMESTAMP WITH TIME ZONE,
  approved_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_application PRIMARY KEY (id),
  CONSTRAINT uq_application_number UNIQUE (number),
  CONSTRAINT fk_application_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
  CONSTRAINT fk_application_contract_id FOREIGN KEY(contract_id) REFERENCES contract (id)
)

CREATE INDEX ix_application_customer_id ON application (customer_id)

CREATE TABLE line (
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  application_id UUID NOT NULL,
  contract_id UUID NOT NULL,
  kind TEXT NOT NULL,
  limit_fen fen,
  term_days INTEGER NOT NULL,
  effective_from DATE NOT NULL,
  valid_until DATE NOT NULL,
  state TEXT NOT NULL,
  frozen_for TEXT[] DEFAULT '{}'::text[] NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_line PRIMARY KEY (id),
  CONSTRAINT fk_line_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
  CONSTRAINT fk_line_application_id FOREIGN KEY(application_id) REFERENCES application (id),
  CONSTRAINT fk_line_contract_id FOREIGN KEY(contract_id) REFERENCES contract (id)
)

CREATE UNIQUE INDEX uq_line_live ON line (customer_id) WHERE state IN ('ACTIVE', 'FROZEN', 'EXPIRED')
"""


def upgrade() -> None:
    run_sql(SQL)
