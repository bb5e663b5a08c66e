import {
  ConfigError,
  dayPeriod,
  type EdgeledgerError,
  type ExpectedUnit,
  type Ledger,
  type Loader,
  parseUtcDay,
  type Source,
  silentLogger,
  systemClock,
  TransientError,
} from '@edgeledger/core';
import { expect, test } from 'vitest';
import { runPlan } from './run-plan.ts';

const period = dayPeriod(parseUtcDay('2026-11-20', 'day'));

function unitOf(dataset: string, index: number) {
  const unit: ExpectedUnit = {
    account: 'default',
    dataset,
    reportKey: `${dataset}_${index}`,
    period,
    expiresAt: period.end,
    dueAt: period.end,
  };
  return { unit, reason: 'new' } as const;
}

/** A source whose `check` always fails, and a ledger that takes note of nothing. */
async function runFailing(error: EdgeledgerError, datasets: readonly string[]) {
  const checked: string[] = [];
  const source = {
    id: 'imgix-default',
    check: async (unit: ExpectedUnit) => {
      checked.push(unit.reportKey);
      throw error;
    },
  } as unknown as Source;
  const ledger = { recordFailure: async () => undefined } as unknown as Ledger;
  const units = datasets.flatMap((dataset) => [1, 2, 3, 4, 5, 6].map((index) => unitOf(dataset, index)));
  const services = { source, ledger, loader: {} as Loader, clock: systemClock, logger: silentLogger };
  const ends = await runPlan(units, services, {
    signal: new AbortController().signal,
    concurrency: 2,
    attempts: 1,
    pause: async () => undefined,
  });
  return { checked, kinds: ends.map((end) => end.kind) };
}

test('a setting that a person must fix fails one unit of its dataset and spares the others', async () => {
  const error = new ConfigError('source.report-unavailable', 'Switched off.');
  const { checked, kinds } = await runFailing(error, ['a', 'b']);
  expect(kinds.filter((kind) => kind === 'failed')).toHaveLength(2);
  expect(kinds.filter((kind) => kind === 'skipped')).toHaveLength(10);
  expect(checked.length).toBeLessThan(6);
});

test('a refused credential stops the whole source with one failure', async () => {
  const error = new ConfigError('source.auth-rejected', 'Wrong key.');
  const { kinds } = await runFailing(error, ['a', 'b']);
  expect(kinds.filter((kind) => kind === 'failed')).toHaveLength(1);
});

test('a vendor that stays unreachable is given up after three units and told once', async () => {
  const { checked, kinds } = await runFailing(new TransientError('source.unavailable', 'No answer.'), ['a']);
  expect(checked.length).toBeLessThanOrEqual(4);
  expect(kinds.filter((kind) => kind === 'failed')).toHaveLength(1);
});

test('another transient failure stops nothing', async () => {
  const { checked } = await runFailing(new TransientError('source.truncated', 'Cut.'), ['a']);
  expect(checked).toHaveLength(6);
});

test('a run that is stopped waits until every unit that was under way has cleaned up', async () => {
  const stop = new AbortController();
  const reason = new DOMException('stopped', 'AbortError');
  const begun: string[] = [];
  const cleaned: string[] = [];
  const source = {
    id: 'imgix-default',
    check: async ({ reportKey }: ExpectedUnit) => {
      begun.push(reportKey);
      if (reportKey !== 'a_0') await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
      else await expect.poll(() => begun.length).toBe(3);
      stop.abort(reason);
      // giving a load up takes a while
      await new Promise((resolve) => setTimeout(resolve, reportKey === 'a_0' ? 0 : 20));
      cleaned.push(reportKey);
      throw reason;
    },
  } as unknown as Source;
  const services = {
    source,
    ledger: {} as Ledger,
    loader: {} as Loader,
    clock: systemClock,
    logger: silentLogger,
  };
  const run = { signal: stop.signal, concurrency: 3, attempts: 1, pause: async () => undefined };
  const units = [unitOf('a', 1), unitOf('a', 0), unitOf('a', 2), unitOf('a', 3)];
  await expect(runPlan(units, services, run)).rejects.toBe(reason);
  expect(cleaned.toSorted()).toEqual(['a_0', 'a_1', 'a_2']);
});
