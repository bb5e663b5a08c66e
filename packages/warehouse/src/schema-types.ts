import type { ColumnType } from 'kysely';

/** `bigint` and `numeric` come from the driver as text. */

export type Instant = Date;
/** Has a default, so it need not be given. */
export type DefaultInstant = ColumnType<Date, Date | undefined, Date>;
/** `bigint`, read as text, written as either. */
export type BigIntText = ColumnType<string, string | number, string | number>;
export type NullableBigIntText = ColumnType<
  string | null,
  string | number | null | undefined,
  string | number | null
>;
export type DefaultBigIntText = ColumnType<string, string | number | undefined, string | number>;
export type Json<Value> = ColumnType<Value, string | undefined, string>;
export type NullableJson<Value> = ColumnType<Value | null, string | null | undefined, string | null>;
