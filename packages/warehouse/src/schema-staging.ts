import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type {
  BigIntText,
  DefaultInstant,
  Instant,
  NullableBigIntText,
  NullableJson,
} from './schema-types.ts';

/* What loads that are running have staged, and what vendors allow to all workers together. */

export interface StagedLoadsTable {
  load_id: BigIntText;
  previous_state: string;
  touched_at: DefaultInstant;
  header: NullableJson<readonly string[]>;
  headerless: Generated<readonly number[]>;
}

export interface StagedPartsTable {
  load_id: BigIntText;
  part_no: number;
  name: string;
  header: ColumnType<readonly string[], string, string>;
  columns: ColumnType<readonly string[], string, string>;
  rows: BigIntText;
  rejects: BigIntText;
  bytes: BigIntText;
  sha256: string;
  fingerprint: string;
  same_as: NullableBigIntText;
}

export interface StagedRejectsTable {
  load_id: BigIntText;
  part_no: number;
  line: BigIntText;
  column_name: string | null;
  code: string;
  message: string;
  raw: string;
}

export interface RateBudgetsTable {
  budget_key: string;
  paused_until: Instant | null;
}

export interface RatePlacesTable {
  place_id: GeneratedAlways<string>;
  budget_key: string;
  free_at: Instant;
  released: Generated<boolean>;
}
