import {
  ContractError,
  DAY_MS,
  dayPeriod,
  eachDay,
  findDayInReportKey,
  HOUR_MS,
  type Secret,
  type Source,
  toCompactDay,
  type UnitRef,
} from '@edgeledger/core';
import { createHttpClient } from '@edgeledger/http';
import { parseCsvPart } from '../../src/csv/csv-part.ts';
import { configureDataset } from '../../src/dataset-settings.ts';
import { type SourceServices, toHttpOptions } from '../../src/source-config.ts';
import { TIDEWATER, ZONE_TRAFFIC } from './datasets.ts';

export interface TidewaterConfig {
  readonly account: string;
  readonly apiKey: Secret;
  readonly apiUrl: URL;
}

/** Days are final two hours after they end. */
const DUE_AFTER_MS = 2 * HOUR_MS;
const MAX_INFLATED_BYTES = 1024 ** 3;

/** Tidewater: `GET /reports/zone-traffic/<day>.csv`, with the key as bearer token. 404 means not yet, 410 gone. */
export function createTidewaterSource(config: TidewaterConfig, services: SourceServices): Source {
  const { dataset, rules } = configureDataset(ZONE_TRAFFIC, {});
  const http = createHttpClient(
    toHttpOptions(services, { rateScope: `tidewater/${config.account}`, concurrency: 2 }),
  );
  const request = (unit: UnitRef, signal: AbortSignal) =>
    http.request({
      method: 'GET',
      url: new URL(`/reports/zone-traffic/${toDay(unit)}.csv`, config.apiUrl),
      headers: { authorization: `Bearer ${config.apiKey.reveal()}` },
      signal,
      expectStatuses: [200, 404, 410],
      what: `read ${unit.reportKey}`,
      advice: { 401: 'Check TIDEWATER_API_KEY.' },
    });

  return {
    vendor: TIDEWATER,
    account: config.account,
    id: `tidewater-${config.account}`,
    datasets: [dataset],
    hasFiles: true,

    // which units should exist: this vendor lists nothing, so the calendar says it
    discover: async ({ from, to, datasets }) => {
      if (datasets !== undefined && !datasets.includes(dataset.name)) return [];
      return [...eachDay(from, to)].map((day) => {
        const period = dayPeriod(day);
        return {
          account: config.account,
          dataset: dataset.name,
          reportKey: `zone-traffic_${toCompactDay(day)}`,
          period,
          dueAt: new Date(period.end.getTime() + DUE_AFTER_MS),
          expiresAt: new Date(period.end.getTime() + dataset.retentionDays * DAY_MS),
        };
      });
    },

    // may it be read now: "not yet" and "gone" are values, everything else throws by itself
    check: async (unit, { now, signal }) => {
      const response = await request(unit, signal);
      response.destroy();
      if (response.status === 410) return { kind: 'gone', reason: 'Tidewater keeps reports for 30 days' };
      if (response.status === 404)
        return { kind: 'waiting', until: new Date(now.getTime() + HOUR_MS), reason: 'not published yet' };
      const revision = response.headers.etag ?? null;
      return {
        kind: 'ready',
        parts: [{ name: `${toDay(unit)}.csv` }],
        vendorReportId: null,
        revision: typeof revision === 'string' ? revision : null,
      };
    },

    // the bytes of one part, as they come
    open: async (unit, part, { signal }) => {
      const response = await request(unit, signal);
      if (response.status !== 200) {
        response.destroy();
        throw new ContractError(
          'source.gone',
          `Could not read ${unit.reportKey}: it was there a moment ago. The next tick looks again.`,
        );
      }
      return { name: part.name, bytes: response.body, destroy: () => response.destroy() };
    },

    // rows and rejects: CSV with a header is ready-made
    parse: (unit, part, context) =>
      parseCsvPart(part, context, {
        dataset,
        rules,
        maxInflatedBytes: MAX_INFLATED_BYTES,
        what: unit.reportKey,
      }),

    estimateRequests: (units) => units.length * 2,
    close: () => http.close(),
  };
}

function toDay(unit: UnitRef): string {
  const day = findDayInReportKey(unit.reportKey);
  if (day === undefined)
    throw new ContractError('source.response-malformed', `${unit.reportKey} names no day.`);
  return day;
}
