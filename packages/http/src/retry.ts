import type { IncomingHttpHeaders } from 'node:http';

export type ResponseHeaders = IncomingHttpHeaders;

/** Worth another attempt unchanged; every other status is final (imgix.md, section 1; akamai.md, section 5). */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

export function isRetryableStatus(status: number): boolean {
  return RETRYABLE_STATUSES.has(status);
}

/** Request counts and costs, of both versions of Akamai's Reporting API (akamai.md, sections 1.9 and 2.6). */
const RATE_HEADERS = [
  'akamai-ratelimit',
  'x-ratelimit',
  'akamai-sync-ratelimit',
  'akamai-sync-costratelimit',
  'akamai-async-ratelimit',
] as const;

/** However long a vendor, or a broken header, says to wait: after a day it is asked again. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;
/** ISO 8601, and the three forms of RFC 9110, section 5.6.7; `Date.parse` alone reads years into anything. */
const INSTANT = /^(?:\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}|[A-Z][a-z]{2,8},? )/;

const BACKOFF_BASE_MS = 500;
const BACKOFF_MAX_MS = 15_000;

/** Exponential with jitter; `attempt` counts from 1, `random` is in [0, 1). */
export function toBackoffMs(attempt: number, random: number): number {
  const ceilingMs = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** (attempt - 1));
  return Math.round(ceilingMs / 2 + (random * ceilingMs) / 2);
}

/**
 * How long the vendor says to wait, or `undefined` when it does not say. Instants are compared with the
 * response's own Date, not with our clock, which may be wrong (akamai.md, section 1.9).
 */
export function findVendorWaitMs(headers: ResponseHeaders, now: Date): number | undefined {
  const serverNowMs = toInstantMs(textOf(headers.date)) ?? now.getTime();
  const retryAfter = textOf(headers['retry-after'])?.trim();
  const candidates: number[] = [];
  if (retryAfter !== undefined && /^\d+(\.\d+)?$/.test(retryAfter))
    candidates.push(Number(retryAfter) * 1000);
  else if (retryAfter !== undefined) pushWait(candidates, toInstantMs(retryAfter), serverNowMs);
  for (const name of RATE_HEADERS)
    pushWait(candidates, toInstantMs(textOf(headers[`${name}-next`])), serverNowMs);
  return candidates.length === 0 ? undefined : Math.min(LONGEST_WAIT_MS, Math.max(...candidates));
}

/**
 * How long nobody need ask, because an answer said that it was the last one allowed: `…-remaining: 0` with the
 * instant of the next refill. 0 when it did not.
 */
export function findExhaustedMs(headers: ResponseHeaders, now: Date): number {
  const serverNowMs = toInstantMs(textOf(headers.date)) ?? now.getTime();
  const waits: number[] = [0];
  for (const name of RATE_HEADERS) {
    const remaining = textOf(headers[`${name}-remaining`])?.trim();
    if (remaining !== undefined && /^0+(\.0+)?$/.test(remaining))
      pushWait(waits, toInstantMs(textOf(headers[`${name}-next`])), serverNowMs);
  }
  return Math.min(LONGEST_WAIT_MS, Math.max(...waits));
}

/** The same from the body of a 429 of Akamai's Reporting API v2 (akamai.md, section 2.5), for when no header says it. */
export function findBodyWaitMs(body: string, headers: ResponseHeaders, now: Date): number | undefined {
  const next = toInstantMs(/"rateLimitNextRequest"\s*:\s*"([^"]{1,60})"/.exec(body)?.[1]);
  if (next === undefined) return undefined;
  const waitMs = next - (toInstantMs(textOf(headers.date)) ?? now.getTime());
  return Math.min(LONGEST_WAIT_MS, Math.max(0, waitMs));
}

function pushWait(candidates: number[], instantMs: number | undefined, serverNowMs: number): void {
  if (instantMs !== undefined) candidates.push(Math.max(0, instantMs - serverNowMs));
}

function toInstantMs(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  // seen in the wild besides ISO 8601 and HTTP dates: epoch seconds and milliseconds
  const epoch = /^(\d{10})(\d{3})?(?:\.\d+)?$/.exec(text.trim());
  if (epoch !== null) return Number(epoch[1]) * 1000 + Number(epoch[2] ?? 0);
  if (!INSTANT.test(text.trim())) return undefined;
  const ms = Date.parse(text.trim());
  return Number.isNaN(ms) ? undefined : ms;
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
