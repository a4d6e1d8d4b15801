"""Copies of the ledger, cases, promises, pauses, decisions, attempts."""

from shared.database.migrations import run_sql

revision = "0001_cases"
down_revision = None
branch_labels = None
depends_on = None

SQL = """
CREATE DOMAIN fen AS bigint NOT NULL DEFAULT 0 CHECK (VALUE >= 0)

CREATE TABLE allocation_copy (
  event_id UUID NOT NULL,
  receivable_id UUID NOT NULL,
  payment_id UUID NOT NULL,
  customer_id UUID NOT NULL,
  amount_fen fen,
  value_date DATE NOT NULL,
  posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  reversed BOOLEAN DEFAULT false NOT NULL,
  CONSTRAINT pk_allocation_copy PRIMARY KEY (event_id, receivable_id)
)

CREATE INDEX ix_allocation_copy_customer_id ON allocation_copy (customer_id)

CREATE INDEX ix_allocation_copy_payment_id ON allocation_copy (payment_id)

CREATE TABLE attempt (
  id UUID NOT NULL,
  case_id UUID NOT NULL,
  customer_id UUID NOT NULL,
  contact_person_id UUID,
  contact_point_id UUID,
  number_idx BYTEA,
  channel TEXT NOT NULL,
  direction TEXT NOT NULL,
  decision_id UUID NOT NULL,
  collector_id UUID NOT NULL,
  template_version TEXT,
  reserved_at TIMESTAMP WITH TIME ZONE NOT NULL,
  started_at TIMESTAMP WITH TIME ZONE,
  ended_at TIMESTAMP WITH TIME ZONE,
  outcome TEXT,
  effective BOOLEAN,
  note TEXT,
  next_action_at TIMESTAMP WITH TIME ZONE,
  state TEXT NOT NULL,
  CONSTRAINT pk_attempt PRIMARY KEY (id),
  CONSTRAINT uq_attempt_decision_id UNIQUE (decision_id)
)

CREATE INDEX ix_attempt_case_id ON attempt (case_id)

CREATE INDEX ix_attempt_customer_id_reserved_at ON attempt (customer_id, reserved_at)

CREATE INDEX ix_attempt_number_idx_reserved_at ON attempt (number_idx, reserved_at)

CREATE TABLE collection_case (
  id UUID NOT NULL,
  number TEXT NOT NULL,
  customer_id UUID NOT NULL,
  org_unit_id UUID NOT NULL,
  collector_id UUID,
  version INTEGER DEFAULT 1 NOT NULL,
  event_seq BIGINT DEFAULT 0 NOT NULL,
  event_key TEXT NOT NULL,
  state TEXT NOT NULL,
  outcome TEXT,
  stage TEXT NOT NULL,
  max_stage TEXT NOT NULL,
  risk_tier TEXT NOT NULL,
  dpd INTEGER NOT NULL,
  overdue_fen fen,
  disputed_fen fen,
  opened_on DATE NOT NULL,
  opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
  closed_at TIMESTAMP WITH TIME ZONE,
  last_contact_person_id UUID,
  next_action_at TIMESTAMP WITH TIME ZONE,
  broken_promises INTEGER DEFAULT 0 NOT NULL,
  CONSTRAINT pk_collection_case PRIMARY KEY (id),
  CONSTRAINT uq_collection_case_number UNIQUE (number)
)

CREATE INDEX ix_collection_case_collector_id ON collection_case (collector_id)

CREATE UNIQUE INDEX uq_collection_case_open ON collection_case (customer_id) WHERE state <> 'CLOSED'

CREATE TABLE contact_point (
  id UUID NOT NULL,
  person_id UUID NOT NULL,
  event_seq BIGINT DEFAULT 0 NOT NULL,
  event_key TEXT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  source TEXT NOT NULL,
  verified_at TIMESTAMP WITH TIME ZONE,
  invalid_at TIMESTAMP WITH TIME ZONE,
  current BOOLEAN DEFAULT true NOT NULL,
  CONSTRAINT pk_contact_point PRIMARY KEY (id)
)

CREATE INDEX ix_contact_point_person_id ON contact_point (person_id)

CREATE TABLE customer_copy (
  id UUID NOT NULL,
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  legal_form TEXT NOT NULL,
  customer_class TEXT,
  key_account BOOLEAN NOT NULL,
  account_manager_id UUID,
  org_unit_id UUID NOT NULL,
  owner_id UUID,
  partition INTEGER NOT NULL,
  CONSTRAINT pk_customer_copy PRIMARY KEY (id)
)

CREATE INDEX ix_customer_copy_partition ON customer_copy (partition)

CREATE TABLE decision (
  id UUID NOT NULL,
  case_id UUID NOT NULL,
  collector_id UUID NOT NULL,
  request JSONB NOT NULL,
  ruleset TEXT NOT NULL,
  allow BOOLEAN NOT NULL,
  reasons JSONB NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE,
  spent BOOLEAN DEFAULT false NOT NULL,
  CONSTRAINT pk_decision PRIMARY KEY (id)
)

CREATE INDEX ix_decision_case_id ON decision (case_id)

CREATE TABLE item (
  receivable_id UUID NOT NULL,
  customer_id UUID NOT NULL,
  ref TEXT NOT NULL,
  kind TEXT NOT NULL,
  amount_fen fen,
  open_fen fen,
  disputed_fen fen,
  shipped_on DATE,
  due_on DATE NOT NULL,
  overdue_since DATE,
  six_months_old BOOLEAN DEFAULT false NOT NULL,
  seq BIGINT NOT NULL,
  CONSTRAINT pk_item PRIMARY KEY (receivable_id),
  CONSTRAINT ck_item_amounts CHECK (open_fen <= amount_fen AND disputed_fen <= open_fen)
)

CREATE INDEX ix_item_customer_id ON item (customer_id)

CREATE TABLE partition_close (
  partition INTEGER NOT NULL,
  credit_closed_on DATE NOT NULL,
  closed_on DATE,
  CONSTRAINT pk_partition_close PRIMARY KEY (partition)
)

CREATE TABLE pause (
  id UUID NOT NULL,
  case_id UUID NOT NULL,
  kind TEXT NOT NULL,
  receivable_ids UUID[] NOT NULL,
  from_on DATE NOT NULL,
  to_on DATE NOT NULL,
  reason TEXT NOT NULL,
  source_ref TEXT,
  state TEXT NOT NULL,
  set_by UUID NOT NULL,
  CONSTRAINT pk_pause PRIMARY KEY (id)
)

CREATE INDEX ix_pause_case_id ON pause (case_id)

CREATE TABLE person_copy (
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  role TEXT NOT NULL,
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  opted_out TEXT[] NOT NULL,
  zone TEXT,
  refused_at TIMESTAMP WITH TIME ZONE,
  current BOOLEAN DEFAULT true NOT NULL,
  CONSTRAINT pk_person_copy PRIMARY KEY (id)
)

CREATE INDEX ix_person_copy_customer_id ON person_copy (customer_id)

CREATE TABLE promise (
  id UUID NOT NULL,
  case_id UUID NOT NULL,
  customer_id UUID NOT NULL,
  amount_fen fen,
  promised_on DATE NOT NULL,
  deadline_on DATE NOT NULL,
  method TEXT,
  by_person_id UUID,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  receivable_ids UUID[] NOT NULL,
  paid_fen fen,
  state TEXT NOT NULL,
  taken_by UUID NOT NULL,
  CONSTRAINT pk_promise PRIMARY KEY (id),
  CONSTRAINT ck_promise_amount CHECK (amount_fen > 0)
)

CREATE INDEX ix_promise_customer_id ON promise (customer_id)

CREATE UNIQUE INDEX uq_promise_open ON promise (case_id) WHERE state = 'OPEN'
"""


def upgrade() -> None:
    run_sql(SQL)
