import type { Generated, GeneratedAlways } from 'kysely';
import type { DefaultInstant, Instant, Json } from './schema-types.ts';

/** `ledger.actions`; compared with the live catalog like those of `schema.ts`. */
export interface ActionsTable {
  action_id: GeneratedAlways<string>;
  person: string;
  kind: string;
  account: string | null;
  dataset: string | null;
  report_key: string | null;
  details: Json<Readonly<Record<string, unknown>>>;
  requested_at: DefaultInstant;
  finished_at: Instant | null;
  outcome: Generated<string>;
  message: string | null;
}
