"""The account, orders on their way, and the ledger."""

from shared.database.migrations import run_sql

revision = "0002_ledger"
down_revision = "0001_customer_file"
branch_labels = None
depends_on = None

SQL = """
CREATE TABLE account (
  customer_id UUID NOT NULL,
  party TEXT DEFAULT 'CUSTOMER' NOT NULL CONSTRAINT ck_account_party CHECK (party IN ('CUSTOMER','EMPLOYEE','GROUP')),
  currency CHAR(3) DEFAULT 'CNY' NOT NULL,
  limit_fen fen,
  ar_fen fen,
  bills_fen fen,
  held_fen fen,
  unapplied_fen fen,
  earmarked_fen fen,
  gate TEXT DEFAULT 'PREPAY' NOT NULL CONSTRAINT ck_account_gate CHECK (gate IN ('CREDIT','PREPAY','SUSPENDED')),
  line_valid_until DATE,
  oldest_due_on DATE,
  oldest_aged_on DATE,
  event_seq BIGINT DEFAULT 0 NOT NULL,
  CONSTRAINT pk_account PRIMARY KEY (customer_id)
) WITH (fillfactor = 70)

CREATE TABLE day_close (
  id UUID NOT NULL,
  event_seq BIGINT DEFAULT 0 NOT NULL,
  event_key TEXT NOT NULL,
  last_closed_on DATE,
  running_on DATE,
  progress_done INTEGER DEFAULT 0 NOT NULL,
  progress_total INTEGER DEFAULT 0 NOT NULL,
  quarantined JSONB DEFAULT '[]'::jsonb NOT NULL,
  closed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_day_close PRIMARY KEY (id)
)

CREATE TABLE decision (
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  kind TEXT NOT NULL,
  order_ref TEXT NOT NULL,
  input JSONB NOT NULL,
  verdict TEXT NOT NULL,
  reasons JSONB NOT NULL,
  account JSONB NOT NULL,
  policy TEXT NOT NULL,
  actor_id UUID NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_decision PRIMARY KEY (id)
)

CREATE INDEX ix_decision_customer_id_id ON decision (customer_id, id)

CREATE TABLE journal (
  id UUID NOT NULL,
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  effective_on DATE NOT NULL,
  posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  reverses UUID,
  CONSTRAINT pk_journal PRIMARY KEY (id),
  CONSTRAINT uq_journal_kind_ref UNIQUE (kind, ref),
  CONSTRAINT uq_journal_reverses UNIQUE (reverses)
)

CREATE TABLE proposal (
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  payment_id UUID NOT NULL,
  kind TEXT NOT NULL,
  amount_fen fen,
  reason TEXT NOT NULL,
  proposed_by UUID NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  state TEXT NOT NULL,
  CONSTRAINT pk_proposal PRIMARY KEY (id)
)

CREATE TABLE violation (
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  kind TEXT NOT NULL,
  person_id UUID NOT NULL,
  amount_fen fen,
  subject TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_violation PRIMARY KEY (id)
)

CREATE TABLE override (
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  order_ref TEXT NOT NULL,
  excess_fen fen,
  codes TEXT[] NOT NULL,
  reason TEXT NOT NULL,
  requested_by UUID NOT NULL,
  state TEXT NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decision_id UUID,
  CONSTRAINT pk_override PRIMARY KEY (id),
  CONSTRAINT fk_override_customer_id FOREIGN KEY(customer_id) REFERENCES account (customer_id),
  CONSTRAINT uq_override_decision_id UNIQUE (decision_id),
  CONSTRAINT ck_override_codes CHECK (codes <@ ARRAY['LIMIT_EXCEEDED','TERM_EXCEEDED','AGE_6M','LINE_EXPIRED'])
)

CREATE TABLE payment (
  id UUID NOT NULL,
  number TEXT NOT NULL,
  customer_id UUID,
  kind TEXT NOT NULL,
  payer_type TEXT NOT NULL,
  payer_name BYTEA,
  employee_id UUID,
  amount_fen fen,
  value_date DATE NOT NULL,
  posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  dedupe_key TEXT NOT NULL,
  order_ref TEXT,
  on_account_fen fen,
  earmarked_fen fen,
  refunded_fen fen,
  honoured_on DATE,
  state TEXT NOT NULL,
  CONSTRAINT pk_payment PRIMARY KEY (id),
  CONSTRAINT uq_payment_number UNIQUE (number),
  CONSTRAINT fk_payment_customer_id FOREIGN KEY(customer_id) REFERENCES account (customer_id),
  CONSTRAINT uq_payment_dedupe_key UNIQUE (dedupe_key),
  CONSTRAINT ck_payment_amounts CHECK (amount_fen > 0 AND on_account_fen + earmarked_fen + refunded_fen <= amount_fen)
)

CREATE INDEX ix_payment_customer_id_value_date ON payment (customer_id, value_date, id)

CREATE TABLE posting (
  journal_id UUID NOT NULL,
  line SMALLINT NOT NULL,
  customer_id UUID NOT NULL,
  acct TEXT NOT NULL,
  dr_fen fen,
  cr_fen fen,
  CONSTRAINT pk_posting PRIMARY KEY (journal_id, line),
  CONSTRAINT fk_posting_journal_id FOREIGN KEY(journal_id) REFERENCES journal (id),
  CONSTRAINT ck_posting_one_side CHECK ((dr_fen = 0) <> (cr_fen = 0))
)

CREATE INDEX ix_posting_customer_id_acct ON posting (customer_id, acct)

CREATE TABLE receivable (
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  ref TEXT NOT NULL,
  kind TEXT NOT NULL,
  component TEXT NOT NULL,
  debt_id UUID,
  amount_fen fen,
  open_fen fen,
  disputed_fen fen,
  dispute_until DATE,
  secured_fen fen,
  rate_ppm_year INTEGER DEFAULT 0 NOT NULL,
  order_ref TEXT,
  shipment_ref TEXT,
  invoice_ref TEXT,
  occurred_on DATE NOT NULL,
  shipped_on DATE,
  aged_on DATE,
  due_on DATE NOT NULL,
  limitation_on DATE NOT NULL,
  billed_to DATE,
  overdue_event_on DATE,
  due_soon_event_on DATE,
  aged_event_on DATE,
  settled_on DATE,
  state TEXT NOT NULL,
  CONSTRAINT pk_receivable PRIMARY KEY (id),
  CONSTRAINT fk_receivable_customer_id FOREIGN KEY(customer_id) REFERENCES account (customer_id),
  CONSTRAINT uq_receivable_ref UNIQUE (ref),
  CONSTRAINT ck_receivable_amounts CHECK (amount_fen > 0 AND open_fen <= amount_fen AND disputed_fen <= open_fen),
  CONSTRAINT ck_receivable_trade CHECK ((kind = 'trade') = (shipped_on IS NOT NULL AND aged_on IS NOT NULL))
)

CREATE INDEX ix_receivable_due_on ON receivable (due_on) WHERE open_fen > 0

CREATE INDEX ix_receivable_open ON receivable (customer_id, due_on) WHERE open_fen > 0

CREATE UNIQUE INDEX uq_receivable_shipment ON receivable (customer_id, shipment_ref, component) WHERE shipment_ref IS NOT NULL AND state <> 'CANCELLED'

CREATE TABLE allocation (
  id UUID NOT NULL,
  journal_id UUID NOT NULL,
  payment_id UUID,
  receivable_id UUID NOT NULL,
  amount_fen fen,
  effective_on DATE NOT NULL,
  reversed_by UUID,
  CONSTRAINT pk_allocation PRIMARY KEY (id),
  CONSTRAINT fk_allocation_journal_id FOREIGN KEY(journal_id) REFERENCES journal (id),
  CONSTRAINT fk_allocation_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
  CONSTRAINT fk_allocation_receivable_id FOREIGN KEY(receivable_id) REFERENCES receivable (id),
  CONSTRAINT ck_allocation_amount CHECK (amount_fen > 0)
)

CREATE INDEX ix_allocation_payment_id ON allocation (payment_id)

CREATE INDEX ix_allocation_receivable_id ON allocation (receivable_id)

CREATE TABLE earmark (
  payment_id UUID NOT NULL,
  order_ref TEXT NOT NULL,
  amount_fen fen,
  CONSTRAINT pk_earmark PRIMARY KEY (payment_id, order_ref),
  CONSTRAINT fk_earmark_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id)
)

CREATE TABLE hold (
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  order_ref TEXT NOT NULL,
  amount_fen fen,
  held_fen fen,
  prepaid_fen fen,
  missing_fen fen,
  consumed_fen fen,
  released_fen fen,
  reserved_fen fen,
  override_id UUID,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  state TEXT NOT NULL,
  CONSTRAINT pk_hold PRIMARY KEY (id),
  CONSTRAINT fk_hold_customer_id FOREIGN KEY(customer_id) REFERENCES account (customer_id),
  CONSTRAINT fk_hold_override_id FOREIGN KEY(override_id) REFERENCES override (id),
  CONSTRAINT ck_hold_amount CHECK (amount_fen > 0 AND held_fen + prepaid_fen + missing_fen + consumed_fen + released_fen = amount_fen),
  CONSTRAINT ck_hold_reserved CHECK (reserved_fen <= held_fen + prepaid_fen)
)

CREATE INDEX ix_hold_expires_at ON hold (expires_at) WHERE state IN ('HELD', 'PARTLY')

CREATE UNIQUE INDEX uq_hold_live_order ON hold (customer_id, order_ref) WHERE state IN ('HELD', 'PARTLY')

CREATE TABLE release (
  id UUID NOT NULL,
  hold_id UUID NOT NULL,
  shipment_ref TEXT NOT NULL,
  amount_fen fen,
  token_sha256 BYTEA NOT NULL,
  state TEXT NOT NULL,
  released_by UUID NOT NULL,
  issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_release PRIMARY KEY (id),
  CONSTRAINT fk_release_hold_id FOREIGN KEY(hold_id) REFERENCES hold (id),
  CONSTRAINT uq_release_token_sha256 UNIQUE (token_sha256),
  CONSTRAINT ck_release_amount CHECK (amount_fen > 0)
)

CREATE INDEX ix_release_expires_at ON release (expires_at) WHERE state = 'ISSUED'

CREATE UNIQUE INDEX uq_release_live_shipment ON release (hold_id, shipment_ref) WHERE state IN ('ISSUED', 'USED')
"""


def upgrade() -> None:
    run_sql(SQL)
