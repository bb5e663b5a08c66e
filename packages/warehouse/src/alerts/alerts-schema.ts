import type { Generated, GeneratedAlways } from 'kysely';

type Instant = Date;

/** `ledger.alerts`; checked with the tables of `schema.ts`. */
export interface AlertsTable {
  alert_id: GeneratedAlways<string>;
  kind: string;
  account: string;
  dataset: string;
  report_key: Generated<string>;
  subject: Generated<string>;
  message: string;
  period_start: Instant | null;
  expires_at: Instant | null;
  opened_at: Instant;
  resolved_at: Instant | null;
  recovered: Generated<boolean>;
  notified_at: Instant | null;
  recovery_notified_at: Instant | null;
  attempts: Generated<number>;
  last_error: string | null;
  next_attempt_at: Instant | null;
  claim_id: string | null;
  claimed_until: Instant | null;
}
