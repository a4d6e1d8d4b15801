"""The rows that every service keeps alike, and those of sending and receiving events."""

from shared.database.migrations import run_sql

revision = "0001_records"
down_revision = None
branch_labels = None
depends_on = None

SQL = """
CREATE TABLE person (id uuid CONSTRAINT pk_person PRIMARY KEY, display_name text NOT NULL, roles text[] NOT NULL,
  org_unit_id uuid, superior_id uuid, active boolean NOT NULL)

CREATE TABLE org_unit (id uuid CONSTRAINT pk_org_unit PRIMARY KEY, parent_id uuid, type text NOT NULL, name text NOT NULL,
  manager_id uuid)

CREATE TABLE audit (id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_audit PRIMARY KEY, at timestamptz NOT NULL,
  actor_id uuid NOT NULL, on_behalf_of uuid, correlation_id text NOT NULL, entity text NOT NULL, entity_id uuid NOT NULL,
  action text NOT NULL, before jsonb, after jsonb, reason text)

CREATE INDEX ix_audit_entity_entity_id ON audit (entity, entity_id)

CREATE INDEX ix_audit_correlation_id ON audit (correlation_id)

CREATE TABLE audit_seal (audit_id bigint CONSTRAINT pk_audit_seal PRIMARY KEY, sha256 bytea NOT NULL)

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION refuse_change()

CREATE TRIGGER audit_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal EXECUTE FUNCTION refuse_change()

CREATE TABLE approval_step (subject text NOT NULL, step smallint NOT NULL, actor_id uuid NOT NULL, principal_id uuid NOT NULL,
  decision text NOT NULL, comment text NOT NULL, content_sha256 bytea NOT NULL, at timestamptz NOT NULL,
  CONSTRAINT pk_approval_step PRIMARY KEY (subject, step),
  CONSTRAINT uq_approval_step_subject_actor_id UNIQUE (subject, actor_id),
  CONSTRAINT uq_approval_step_subject_principal_id UNIQUE (subject, principal_id))

CREATE TABLE numbering (series text NOT NULL, period text NOT NULL, last bigint NOT NULL,
  CONSTRAINT pk_numbering PRIMARY KEY (series, period))

CREATE TABLE notice (id uuid CONSTRAINT pk_notice PRIMARY KEY, recipient_id uuid NOT NULL, kind text NOT NULL,
  subject text NOT NULL, text text NOT NULL, urgent boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL,
  read_at timestamptz)

CREATE INDEX ix_notice_recipient_id_id ON notice (recipient_id, id)

CREATE TABLE timer (id uuid CONSTRAINT pk_timer PRIMARY KEY, kind text NOT NULL, subject_id uuid NOT NULL,
  epoch integer NOT NULL, due_at timestamptz NOT NULL, state text NOT NULL DEFAULT 'PLANNED',
  attempts integer NOT NULL DEFAULT 0, not_before timestamptz, fired_at timestamptz, last_error text,
  CONSTRAINT uq_timer_kind_subject_id_epoch UNIQUE (kind, subject_id, epoch))

CREATE INDEX ix_timer_due_at ON timer (due_at) WHERE state = 'PLANNED'

CREATE TABLE idempotency (principal_id uuid NOT NULL, method text NOT NULL, path text NOT NULL, key text NOT NULL,
  body_sha256 bytea NOT NULL, status smallint NOT NULL, content_type text NOT NULL, body bytea NOT NULL,
  created_at timestamptz NOT NULL, CONSTRAINT pk_idempotency PRIMARY KEY (principal_id, method, path, key))

CREATE INDEX ix_idempotency_created_at ON idempotency (created_at)

CREATE TABLE customer_key (customer_id uuid CONSTRAINT pk_customer_key PRIMARY KEY, wrapped bytea, erased_on date)

CREATE TABLE outbox (position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_outbox PRIMARY KEY, id uuid NOT NULL,
  topic text NOT NULL, key text NOT NULL, aggregate_type text NOT NULL, aggregate_id uuid NOT NULL,
  aggregate_seq bigint NOT NULL, type text NOT NULL, occurred_at timestamptz NOT NULL, headers bytea NOT NULL, data bytea,
  broadcast boolean NOT NULL DEFAULT false, published_at timestamptz, attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz, last_error text)

CREATE INDEX ix_outbox_unpublished ON outbox (position) WHERE published_at IS NULL

CREATE TABLE inbox (event_id uuid NOT NULL, partition integer NOT NULL, handled_at timestamptz NOT NULL,
  CONSTRAINT pk_inbox PRIMARY KEY (event_id, partition))

CREATE TABLE stream_position (aggregate_type text NOT NULL, aggregate_id uuid NOT NULL, last_seq bigint NOT NULL,
  CONSTRAINT pk_stream_position PRIMARY KEY (aggregate_type, aggregate_id))

CREATE TABLE consumer_offset (topic text NOT NULL, partition integer NOT NULL, next_offset bigint NOT NULL,
  CONSTRAINT pk_consumer_offset PRIMARY KEY (topic, partition))

CREATE TABLE parked (id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_parked PRIMARY KEY, topic text NOT NULL,
  partition integer NOT NULL, record_offset bigint NOT NULL, key text NOT NULL, type text NOT NULL, headers bytea NOT NULL,
  value bytea, reason text NOT NULL, parked_at timestamptz NOT NULL, state text NOT NULL DEFAULT 'PARKED',
  decided_at timestamptz)

CREATE INDEX ix_parked_topic_key ON parked (topic, key) WHERE state = 'PARKED'
"""


def upgrade() -> None:
    run_sql(SQL)
