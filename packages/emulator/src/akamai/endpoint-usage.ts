/**
 * Traffic of API endpoints per CP code and five minutes. Every longer interval, every answer over several
 * CP codes and every total is a sum of these values, so that all of them agree exactly.
 */
import { DAY_MS, FIVE_MINUTES_MS, HOUR_MS, toDay, weekdayOf } from '../days.ts';
import type { Settings } from '../options.ts';
import { at, createRandom, hash32 } from '../random.ts';
import type { ReportFilterValues } from './validate.ts';

export interface UsageValues {
  /** Bytes that left the network. */
  edgeBytes: number;
  /** Requests. */
  edgeHits: number;
  /** Bytes between edge servers. */
  midgressBytes: number;
}

/** Multiplies the values of all five-minute intervals in `[from, to)`. */
export interface AkamaiRevision {
  from: Date;
  to: Date;
  factor: number;
}

export interface EndpointUsage {
  /** The sum over the CP codes in `[fromMs, toMs)`, both on five-minute boundaries. */
  sum(
    cpCodes: readonly string[],
    fromMs: number,
    toMs: number,
    filters?: readonly ReportFilterValues[],
    /** What the vendor says at this instant, while values still change; absent: their final values. */
    asOf?: Date,
  ): UsageValues;
  /** Whether the account existed in any part of the period. */
  hasData(fromMs: number, toMs: number): boolean;
  revise(revision: AkamaiRevision): void;
}

/** Sunday first. */
const WEEKDAY_FACTORS = [0.55, 1.05, 1.15, 1.2, 1.15, 1.05, 0.7] as const;
/** Hours 0 to 23 UTC; nights are quiet enough for intervals without any traffic. */
const HOUR_FACTORS = [
  0.1, 0.06, 0.04, 0.03, 0.05, 0.12, 0.3, 0.55, 0.9, 1.1, 1.2, 1.2, 1.1, 1.15, 1.2, 1.2, 1.15, 1.1, 1, 0.95,
  0.8, 0.6, 0.4, 0.2,
] as const;
/** Mean hits per five minutes; a CP code gets one of them. */
const VOLUMES = [140, 35, 4, 60] as const;

const METHOD_SHARES: Readonly<Record<string, number>> = {
  get: 0.71,
  post: 0.19,
  put: 0.04,
  delete: 0.02,
  patch: 0.02,
  head: 0.01,
  options: 0.01,
};
const CODE_SHARES: Readonly<Record<string, number>> = {
  0: 0.005,
  200: 0.7,
  201: 0.12,
  204: 0.08,
  301: 0.01,
  304: 0.02,
  400: 0.01,
  401: 0.01,
  403: 0.01,
  404: 0.02,
  500: 0.005,
  503: 0.01,
};
const ENDPOINT_SHARES: Readonly<Record<string, number>> = {
  577595: 0.4,
  577596: 0.25,
  577597: 0.15,
  577598: 0.12,
  577599: 0.08,
};

export function createEndpointUsage(settings: Settings): EndpointUsage {
  const firstMs = settings.firstDay * DAY_MS;
  const lastMs = (settings.lastDay + 1) * DAY_MS;
  const revisions: { fromMs: number; toMs: number; factor: number }[] = [];

  function sum(
    cpCodes: readonly string[],
    fromMs: number,
    toMs: number,
    filters: readonly ReportFilterValues[] = [],
    asOf?: Date,
  ): UsageValues {
    const filterShare = shareOf(filters);
    const total: UsageValues = { edgeBytes: 0, edgeHits: 0, midgressBytes: 0 };
    for (
      let startMs = Math.max(fromMs, firstMs);
      startMs < Math.min(toMs, lastMs);
      startMs += FIVE_MINUTES_MS
    ) {
      const share = filterShare * grownShare(settings.akamai.changingHours, startMs, asOf);
      for (const cpCode of cpCodes) {
        const values = valuesOf(settings.seed, cpCode, startMs);
        const revised = (value: number): number => Math.floor(revise(revisions, startMs, value) * share);
        total.edgeBytes += revised(values.edgeBytes);
        total.edgeHits += revised(values.edgeHits);
        total.midgressBytes += revised(values.midgressBytes);
      }
    }
    return total;
  }

  return {
    sum,
    hasData: (fromMs, toMs) => fromMs < lastMs && toMs > firstMs,
    revise: ({ from, to, factor }) => {
      revisions.push({ fromMs: from.getTime(), toMs: to.getTime(), factor });
    },
  };
}

function valuesOf(seed: number, cpCode: string, startMs: number): UsageValues {
  const random = createRandom(hash32(seed, 'usage', cpCode, startMs / FIVE_MINUTES_MS));
  const volume = at(VOLUMES, hash32('volume', cpCode) % VOLUMES.length);
  const hour = Math.floor((startMs % DAY_MS) / HOUR_MS);
  const factor = at(WEEKDAY_FACTORS, weekdayOf(toDay(startMs))) * at(HOUR_FACTORS, hour);
  const edgeHits = Math.floor(volume * factor * (0.7 + 0.6 * random.next()) + random.next());
  const edgeBytes = edgeHits === 0 ? 0 : edgeHits * (1_500 + random.int(3_000)) + random.int(5_000);
  const midgressBytes = Math.floor(edgeBytes * (0.05 + 0.2 * random.next()));
  return { edgeBytes, edgeHits, midgressBytes };
}

/** Values that still change begin at four fifths and grow every six hours. */
function grownShare(changingHours: number, startMs: number, asOf: Date | undefined): number {
  if (asOf === undefined || changingHours === 0) return 1;
  const ageHours = (asOf.getTime() - startMs - FIVE_MINUTES_MS) / HOUR_MS;
  if (ageHours >= changingHours) return 1;
  return 0.8 + (0.2 * Math.floor(ageHours / 6) * 6) / changingHours;
}

function revise(
  revisions: readonly { fromMs: number; toMs: number; factor: number }[],
  startMs: number,
  value: number,
): number {
  let revised = value;
  for (const { fromMs, toMs, factor } of revisions) {
    if (startMs >= fromMs && startMs < toMs) revised = Math.round(revised * factor);
  }
  return revised;
}

/** The part of all traffic that the filters let through. Code and class filters act on the same codes. */
function shareOf(filters: readonly ReportFilterValues[]): number {
  const chosen = (name: string): readonly string[] | undefined =>
    filters.find((filter) => filter.name === name)?.values;
  const codes = chosen('response_code');
  const classes = chosen('response_class');
  const part = (shares: Readonly<Record<string, number>>, accepts: (key: string) => boolean): number =>
    Object.entries(shares).reduce((sum, [key, share]) => (accepts(key) ? sum + share : sum), 0);
  const accepts = (values: readonly string[] | undefined) => (key: string) => values?.includes(key) ?? true;

  let share = 1;
  if (codes !== undefined || classes !== undefined) {
    share *= part(CODE_SHARES, (code) => accepts(codes)(code) && accepts(classes)(responseClass(code)));
  }
  const methods = chosen('http_method');
  if (methods !== undefined) share *= part(METHOD_SHARES, accepts(methods));
  const endpoints = chosen('endpoint_id');
  if (endpoints !== undefined) share *= part(ENDPOINT_SHARES, accepts(endpoints));
  return share;
}

/** `4xx` for `404`, `0xx` for an aborted request. */
export function responseClass(code: string): string {
  return code.length < 3 ? '0xx' : `${code.charAt(0)}xx`;
}
