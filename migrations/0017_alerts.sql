-- What a person should act on, and whether it was told: so that each change is told once, whoever tells it.

CREATE TABLE ledger.alerts (
  alert_id bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL,
  account text NOT NULL,
  dataset text NOT NULL,
  report_key text NOT NULL DEFAULT '',
  subject text NOT NULL DEFAULT '',
  message text NOT NULL,
  period_start timestamptz,
  expires_at timestamptz,
  opened_at timestamptz NOT NULL,
  resolved_at timestamptz,
  recovered boolean NOT NULL DEFAULT false,
  notified_at timestamptz,
  recovery_notified_at timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  next_attempt_at timestamptz,
  claim_id uuid,
  claimed_until timestamptz,
  CONSTRAINT alerts_alert_id_pkey PRIMARY KEY (alert_id),
  CONSTRAINT alerts_kind_check
    CHECK (kind IN ('failed', 'rejects', 'late', 'lost-soon', 'lost', 'shrunk', 'schema-drift'))
);

CREATE UNIQUE INDEX alerts_identity_open_key
  ON ledger.alerts (kind, account, dataset, report_key, subject) WHERE resolved_at IS NULL;
CREATE INDEX alerts_kind_account_dataset_report_key_subject_idx
  ON ledger.alerts (kind, account, dataset, report_key, subject);
CREATE INDEX alerts_resolved_at_idx ON ledger.alerts (resolved_at);

COMMENT ON TABLE ledger.alerts IS
  'What a person should act on, from when it was found until it was over, and when the webhook was told.';
COMMENT ON COLUMN ledger.alerts.alert_id IS 'Number of the alert.';
COMMENT ON COLUMN ledger.alerts.kind IS
  'failed, rejects (above the threshold), late, lost-soon, lost, shrunk (issued again much smaller) or schema-drift.';
COMMENT ON COLUMN ledger.alerts.account IS 'Account name of the source; blank for a schema drift.';
COMMENT ON COLUMN ledger.alerts.dataset IS 'Dataset, for example imgix.cdn_logs; of a source that cannot be asked its vendor.';
COMMENT ON COLUMN ledger.alerts.report_key IS 'The report; blank when it is about no single one.';
COMMENT ON COLUMN ledger.alerts.subject IS 'The column of a schema drift; blank otherwise.';
COMMENT ON COLUMN ledger.alerts.message IS 'What is wrong, as the ledger says it.';
COMMENT ON COLUMN ledger.alerts.period_start IS 'Start of the period the report covers, UTC.';
COMMENT ON COLUMN ledger.alerts.expires_at IS 'When the vendor drops the report.';
COMMENT ON COLUMN ledger.alerts.opened_at IS 'When it was found.';
COMMENT ON COLUMN ledger.alerts.resolved_at IS 'When it was over; NULL while it is open.';
COMMENT ON COLUMN ledger.alerts.recovered IS 'It ended well; false when something else took its place or it was only an event.';
COMMENT ON COLUMN ledger.alerts.notified_at IS 'When the webhook was told of it; NULL: not yet, or no webhook.';
COMMENT ON COLUMN ledger.alerts.recovery_notified_at IS 'When the webhook was told that it is over.';
COMMENT ON COLUMN ledger.alerts.attempts IS 'Deliveries that failed since the last one that did not.';
COMMENT ON COLUMN ledger.alerts.last_error IS 'Why the last delivery failed; never with the webhook''s address.';
COMMENT ON COLUMN ledger.alerts.next_attempt_at IS 'Not to be delivered before, after a failure.';
COMMENT ON COLUMN ledger.alerts.claim_id IS 'The process that is telling it right now.';
COMMENT ON COLUMN ledger.alerts.claimed_until IS 'When another process may take it over, should that one have died.';
