import { type LogFields, MASK, redactUrl, Secret } from '@edgeledger/core';
import { isSensitiveName, LONGEST_STACK, redactText } from './redact.ts';

/** Deeper than any field of ours; a guard against logging a whole client or socket. */
const MAX_DEPTH = 6;
const MAX_CAUSES = 6;
const MAX_ITEMS = 100;

/** Written by the logger itself: a field of the same name moves to `<name>Field` instead of being overwritten. */
const RESERVED = new Set(['time', 'level', 'message']);

export type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue };
export type JsonFields = Record<string, JsonValue>;

interface Walk {
  readonly withStack: boolean;
  readonly parents: readonly object[];
}

/** An error as it stands in the log: what it was, and the chain of what caused it. */
function toErrorFields(error: Error, walk: Walk): JsonFields {
  const fields: JsonFields = { name: error.name };
  if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) {
    fields.code = error.code;
  }
  fields.message = redactText(error.message === '' ? error.name : error.message);
  if ('context' in error && typeof error.context === 'object' && error.context !== null) {
    const context = toJsonValue(error.context, walk);
    if (typeof context === 'object' && Object.keys(context ?? {}).length > 0) fields.context = context;
  }
  if (walk.withStack && error.stack !== undefined) fields.stack = redactText(error.stack, LONGEST_STACK);
  if (walk.parents.length >= MAX_CAUSES) return fields;
  // a failed connection is an AggregateError without a message: the addresses tried are in `errors`
  if (error instanceof AggregateError) fields.errors = toJsonValue(error.errors, walk);
  if (error.cause !== undefined && error.cause !== null) fields.cause = toJsonValue(error.cause, walk);
  return fields;
}

function toJsonObject(value: object, walk: Walk): JsonFields {
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
  const fields: JsonFields = {};
  for (const [name, member] of entries) {
    if (member === undefined || typeof member === 'function' || typeof member === 'symbol') continue;
    const key = String(name);
    fields[key] = isSensitiveName(key) && member !== null ? MASK : toJsonValue(member, walk);
  }
  return fields;
}

function objectToJson(value: object, walk: Walk): JsonValue {
  if (value instanceof Secret) return MASK;
  if (value instanceof URL) return redactUrl(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (walk.parents.includes(value)) return '[circular]';
  const inner = { ...walk, parents: [...walk.parents, value] };
  if (value instanceof Error) return toErrorFields(value, inner);
  if (walk.parents.length >= MAX_DEPTH) return '[too deep]';
  if (!Array.isArray(value) && !(value instanceof Set)) return toJsonObject(value, inner);
  const items = [...value];
  const shown = items.slice(0, MAX_ITEMS).map((item) => toJsonValue(item, inner));
  return items.length > MAX_ITEMS ? [...shown, `[${items.length - MAX_ITEMS} more]`] : shown;
}

function toJsonValue(value: unknown, walk: Walk): JsonValue {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : objectToJson(value, walk);
    case 'bigint':
      return value.toString();
    default:
      return `[${typeof value}]`;
  }
}

/** Fields fit for the log: plain JSON without credentials, signed links, cycles, and (unless asked for) stacks. */
export function toJsonFields(fields: LogFields, options: { withStack: boolean }): JsonFields {
  const plain = toJsonObject(fields, { withStack: options.withStack, parents: [] });
  return Object.fromEntries(
    Object.entries(plain).map(([name, value]) => [RESERVED.has(name) ? `${name}Field` : name, value]),
  );
}
