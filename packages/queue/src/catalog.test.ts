import { InvariantError } from '@edgeledger/core';
import { expect, test } from 'vitest';
import {
  fromUnitPayload,
  JOB_NAMES,
  JOBS,
  joinId,
  parsePayload,
  QUEUE_NAMES,
  toPriority,
  toUnitPayload,
} from './catalog.ts';

const unit = {
  sourceId: 'imgix-default',
  account: 'default',
  dataset: 'imgix.cdn_logs',
  reportKey: 'cdn_logs_20261120',
  periodStart: '2026-11-20T00:00:00.000Z',
  periodEnd: '2026-11-21T00:00:00.000Z',
};
const report = { ...unit, loadId: '7' };

/** Payloads as released versions wrote them. Add one when a payload changes; never edit or remove one. */
const OLD_PAYLOADS = {
  'plan.source': [
    { sourceId: 'imgix-default', reason: 'daily' },
    { sourceId: 'akamai-default', reason: 'running-day' },
    { sourceId: 'imgix-default', reason: 'reconcile' },
    { sourceId: 'imgix-default', reason: 'reconcile', queueLostAt: '2026-11-20T12:00:00.000Z' },
    {
      sourceId: 'imgix-default',
      reason: 'backfill',
      from: '2026-11-01',
      to: '2026-11-20',
      datasets: ['imgix.cdn_logs'],
    },
  ],
  'load.unit': [unit, { ...unit, seenLoadId: null }, { ...unit, seenLoadId: '7' }],
  'stage.part': [{ ...report, partNo: 1, partCount: 2, partName: '/reports/a.csv.gz' }],
  'publish.report': [{ ...report, vendorReportId: null, revision: null, partCount: 2 }],
} satisfies Record<(typeof JOB_NAMES)[number], readonly unknown[]>;

test.each(JOB_NAMES)('payloads of %s in flight from earlier versions still parse', (name) => {
  expect(OLD_PAYLOADS[name].length).toBeGreaterThan(0);
  for (const payload of OLD_PAYLOADS[name]) expect(parsePayload(name, payload)).toEqual(payload);
});

test.each(JOB_NAMES)('%s drops what a newer version added', (name) => {
  const [payload] = OLD_PAYLOADS[name];
  expect(parsePayload(name, { ...payload, added: true })).toEqual(payload);
});

test('a payload that does not fit names every wrong field', () => {
  const wrong = { ...unit, account: '', dataset: 'fastly.logs', periodStart: 'yesterday' };
  expect(() => parsePayload('load.unit', wrong)).toThrow(InvariantError);
  expect(() => parsePayload('load.unit', wrong)).toThrow(/load\.unit.*account: .*dataset: .*periodStart: /);
  expect(() => parsePayload('plan.source', { sourceId: 'a', reason: 'daily', from: '2026-02-30' })).toThrow(
    /from: not a UTC day/,
  );
});

test('a part name that could be a signed URL is refused, a path with a question mark is not', () => {
  const part = { ...report, partNo: 1, partCount: 2 };
  const name = (partName: string) => () => parsePayload('stage.part', { ...part, partName });
  expect(name('https://files.example/a.csv?X-Signature=abc')).toThrow(/may be signed/);
  expect(name('https://files.example/a.csv')).not.toThrow();
  expect(name('2026-11-20T00:00Z/2026-11-20T12:00Z')).not.toThrow();
});

test('ids neither hold what BullMQ forbids nor run into each other', () => {
  const idOf = JOBS['load.unit'].deduplicationId;
  expect(idOf?.(unit)).toBe('load.unit~default~imgix.cdn_logs~cdn_logs_20261120');
  expect(idOf?.({ ...unit, account: 'a:b' })).not.toContain(':');
  expect(joinId(['a~b', 'c'])).not.toBe(joinId(['a', 'b~c']));
  expect(joinId(['a~b'])).not.toBe(joinId(['a', 'b']));
  for (const name of Object.values(QUEUE_NAMES)) expect(name).not.toContain(':');
});

test('every unit job goes to the queue of its vendor', () => {
  expect(JOBS['load.unit'].queueOf(unit)).toBe('imgix');
  expect(JOBS['load.unit'].queueOf({ ...unit, dataset: 'akamai.api_usage_details' })).toBe('akamai');
});

test('newer days have the smaller number, within what BullMQ accepts', () => {
  const now = new Date('2026-11-21T12:00:00Z');
  expect(toPriority(new Date('2026-11-22T00:00:00Z'), now)).toBe(1);
  expect(toPriority(new Date('2026-11-21T00:00:00Z'), now)).toBe(1);
  expect(toPriority(new Date('2026-11-20T00:00:00Z'), now)).toBe(2);
  expect(toPriority(new Date('2026-08-23T00:00:00Z'), now)).toBe(91);
  expect(toPriority(new Date('0001-01-01T00:00:00Z'), new Date(8.64e15))).toBe(2 ** 21 - 1);
});

test('a unit survives the way through a payload', () => {
  expect(toUnitPayload('imgix-default', fromUnitPayload(unit))).toEqual(unit);
});
