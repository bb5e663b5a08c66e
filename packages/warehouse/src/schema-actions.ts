import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

type Instant = Date;
type DefaultInstant = ColumnType<Date, Date | undefined, Date>;
type Json<Value> = ColumnType<Value, string | undefined, string>;

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
