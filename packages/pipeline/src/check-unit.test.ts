import {
  dayPeriod,
  type Ledger,
  parseUtcDay,
  type Source,
  silentLogger,
  TransientError,
  type UnitRef,
} from '@edgeledger/core';
import { expect, test } from 'vitest';
import { checkUnit, type UnitServices } from './run-unit.ts';

const unit: UnitRef = {
  account: 'default',
  dataset: 'imgix.cdn_logs',
  reportKey: 'cdn_logs_20261120',
  period: dayPeriod(parseUtcDay('2026-11-20', 'day')),
};

/** A source whose check fails when `signal` aborts, or at once without one; and what the ledger is told. */
function open(signal: AbortSignal | undefined, error: Error) {
  const recorded: string[] = [];
  const source = {
    check: () => {
      if (signal === undefined) return Promise.reject(error);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  } as unknown as Source;
  const ledger = {
    recordFailure: async (_: UnitRef, { code }: { readonly code: string }) => {
      recorded.push(code);
    },
  } as unknown as Ledger;
  const services = { source, ledger, clock: { now: () => new Date() }, logger: silentLogger } as UnitServices;
  return { services, recorded };
}

test('a check that fails is the failure of its unit', async () => {
  const error = new TransientError('source.unavailable', 'The vendor is away.');
  const { services, recorded } = open(undefined, error);
  const run = { signal: new AbortController().signal };
  await expect(checkUnit(unit, services, run)).rejects.toBe(error);
  expect(recorded).toEqual(['source.unavailable']);
});

test('a check that is stopped because its job is given to another worker says nothing of the unit', async () => {
  const lost = new TransientError('load.superseded', 'The lock of the job was lost.');
  const controller = new AbortController();
  const { services, recorded } = open(controller.signal, lost);
  const checked = checkUnit(unit, services, { signal: controller.signal });
  controller.abort(lost);
  await expect(checked).rejects.toBe(lost);
  expect(recorded).toEqual([]);
});
