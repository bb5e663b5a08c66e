import { redactCredentials } from '@edgeledger/core';

const MESSAGE_LIMIT = 300;
/** Only so much is looked through: nobody says what is wrong at more length. */
const LOOKED_THROUGH = 4_000;

/**
 * What the vendor says is wrong, from an error body: JSON:API `errors` (imgix), problem details (Akamai), the
 * XML of Google storage, or plain text. One line, bounded, without URLs and tokens; empty when it says nothing.
 */
export function toVendorMessage(body: string): string {
  const parts = [...new Set(findMessages(body))].filter((part) => part !== '');
  return redactText(parts.join(': ')).slice(0, MESSAGE_LIMIT).toWellFormed();
}

/**
 * Takes out what a vendor's text must not bring into a message: known secrets and what looks like one, URLs, whatever follows
 * the name of a scheme, line breaks and what is not shown.
 */
export function redactText(text: string): string {
  return redactCredentials(text, LOOKED_THROUGH)
    .replace(/[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'<>]+/gi, '[url]')
    .replace(/\b(Bearer|Basic)\s{1,9}[^\s"'<>]+/gi, '$1 [secret]')
    .replace(/[\p{C}\p{Z}\s]+/gu, ' ')
    .trim();
}

function findMessages(body: string): string[] {
  const text = body.trim();
  if (text.startsWith('{')) return findJsonMessages(text);
  if (text.startsWith('<')) {
    return ['Code', 'Message', 'Details', 'title'].flatMap((tag) => {
      const match = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(text);
      return match?.[1] === undefined ? [] : [match[1]];
    });
  }
  return [text];
}

function findJsonMessages(text: string): string[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return [text];
  }
  if (typeof document !== 'object' || document === null) return [];
  const errors: unknown = 'errors' in document ? document.errors : undefined;
  const inner = Array.isArray(errors) ? errors.slice(0, 5).flatMap(titleAndDetail) : [];
  return [...titleAndDetail(document), ...inner];
}

function titleAndDetail(entry: unknown): string[] {
  if (typeof entry === 'string') return [entry];
  if (typeof entry !== 'object' || entry === null) return [];
  const record: Record<string, unknown> = { ...entry };
  return ['title', 'detail', 'message'].flatMap((name) => {
    const value = record[name];
    return typeof value === 'string' ? [value.trim()] : [];
  });
}
