-- Who asked for what on the dashboard, and what came of it.

CREATE TABLE ledger.actions (
  action_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT actions_action_id_pkey PRIMARY KEY,
  person text NOT NULL,
  kind text NOT NULL
    CONSTRAINT actions_kind_check CHECK (kind IN ('reload', 'confirm', 'retry', 'backfill', 'queue')),
  account text,
  dataset text,
  report_key text,
  details jsonb NOT NULL DEFAULT '{}',
  requested_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  outcome text NOT NULL DEFAULT 'requested'
    CONSTRAINT actions_outcome_check CHECK (outcome IN ('requested', 'done', 'nothing', 'failed')),
  message text
);
CREATE INDEX actions_account_dataset_report_key_idx ON ledger.actions (account, dataset, report_key)
  WHERE report_key IS NOT NULL;

COMMENT ON TABLE ledger.actions IS 'What people asked for on the dashboard, newest last. Rows are never changed after their outcome is known.';
COMMENT ON COLUMN ledger.actions.action_id IS 'Number of the action.';
COMMENT ON COLUMN ledger.actions.person IS 'User name of who asked; local when the dashboard runs without a password.';
COMMENT ON COLUMN ledger.actions.kind IS 'reload: read a unit again; confirm: take a revision that is held; retry: try failed units again; backfill: plan a range of days; queue: a change on the queue page.';
COMMENT ON COLUMN ledger.actions.account IS 'Account name it is about; NULL for all.';
COMMENT ON COLUMN ledger.actions.dataset IS 'Dataset it is about; NULL for all.';
COMMENT ON COLUMN ledger.actions.report_key IS 'The unit it is about; NULL when it is about several.';
COMMENT ON COLUMN ledger.actions.details IS 'What was asked for in particular: days, numbers of units, the job or queue.';
COMMENT ON COLUMN ledger.actions.requested_at IS 'When it was asked for.';
COMMENT ON COLUMN ledger.actions.finished_at IS 'When the outcome was known.';
COMMENT ON COLUMN ledger.actions.outcome IS 'requested: not answered yet, or the dashboard ended in between; done: handed to the queue; nothing: there was nothing to do; failed.';
COMMENT ON COLUMN ledger.actions.message IS 'The outcome in words.';
