import { quoteText } from '@edgeledger/core';

/** Longer than any message of ours. */
const LONGEST = 32_768;

/**
 * A message as the ledger keeps it, whoever's words are in it: without secrets, and without NUL and halves of surrogate pairs,
 * which Postgres refuses: a failure that cannot be recorded leaves its unit `loading`. What an error says is so already.
 */
export function toStoredText(text: string): string {
  return quoteText(text, LONGEST);
}

/** The same of every text in a value that becomes `jsonb`. */
export function toStoredJson(value: unknown): string {
  return JSON.stringify(value, (_name, field: unknown) =>
    typeof field === 'string' ? toStoredText(field) : field,
  );
}
