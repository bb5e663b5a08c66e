import { type ActionLog, parseUtcDay, TransientError, type UnitRecord } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { createOperator, type Hands, type OperatorServices } from './operator.ts';

const KEY = { account: 'a', dataset: 'imgix.cdn_logs', reportKey: 'cdn_logs_20261120' };
const PERIOD = { start: new Date('2026-11-20T00:00:00Z'), end: new Date('2026-11-21T00:00:00Z') };

function record(more: Partial<UnitRecord> = {}): UnitRecord {
  // only what the operator looks at
  return { ...KEY, period: PERIOD, state: 'loaded', heldRevision: null, ...more } as UnitRecord;
}

/** Keeps what was written and handed on, in order. */
function createDesk(unit: UnitRecord | undefined, more: Partial<OperatorServices> = {}) {
  const log: unknown[][] = [];
  const actions: ActionLog = {
    begin: async (request) => `${log.push(['begin', request])}`,
    finish: async (actionId, outcome, message) => {
      log.push(['finish', actionId, outcome, message]);
    },
  };
  const hands: Hands = {
    enqueueUnits: async (units) => {
      log.push(['units', units]);
      return { added: units.length, alreadyQueued: 0, promoted: 0 };
    },
    enqueueBackfill: async (backfill) => {
      log.push(['backfill', backfill]);
      return true;
    },
  };
  const services = {
    ledger: { findUnit: async () => unit },
    findFailed: async () => [],
    actions,
    hands,
    ...more,
  };
  return { log, operator: createOperator(services) };
}

test('what is asked for is on record before anything is done, and its outcome after', async () => {
  const { log, operator } = createDesk(record());
  const result = await operator.reload(KEY, 'ed');
  expect(result).toEqual({
    actionId: '1',
    outcome: 'done',
    message: 'Handed to the queue: 1 report, read as soon as a worker is free.',
  });
  expect(log).toEqual([
    ['begin', { person: 'ed', kind: 'reload', ...KEY, details: {} }],
    ['units', [{ sourceId: 'imgix-a', unit: { ...KEY, period: PERIOD } }]],
    ['finish', '1', 'done', result.message],
  ]);
});

test('a queue that does not answer is an outcome, too', async () => {
  const hands: Hands = {
    enqueueUnits: async () => {
      throw new TransientError('queue.unavailable', 'Redis does not answer.');
    },
    enqueueBackfill: async () => false,
  };
  const { log, operator } = createDesk(record(), { hands });
  expect(await operator.reload(KEY, 'ed')).toMatchObject({
    outcome: 'failed',
    message: 'Redis does not answer.',
  });
  expect(log.at(-1)).toEqual(['finish', '1', 'failed', 'Redis does not answer.']);
});

test('without a record nothing is done at all', async () => {
  const actions: ActionLog = {
    begin: async () => {
      throw new TransientError('warehouse.unavailable', 'Postgres does not answer.');
    },
    finish: async () => undefined,
  };
  const { log, operator } = createDesk(record(), { actions });
  await expect(operator.reload(KEY, 'ed')).rejects.toThrow('Postgres does not answer.');
  expect(log).toEqual([]);
});

test('what waits in the queue for later is told from what is at work already', async () => {
  const answer = (counts: { added: number; alreadyQueued: number; promoted: number }) => {
    const hands: Hands = { enqueueUnits: async () => counts, enqueueBackfill: async () => false };
    return createDesk(record(), { hands }).operator.reload(KEY, 'ed');
  };
  expect(await answer({ added: 0, alreadyQueued: 1, promoted: 1 })).toMatchObject({
    outcome: 'done',
    message: expect.stringContaining('waited in the queue for a later time and now run'),
  });
  expect(await answer({ added: 0, alreadyQueued: 1, promoted: 0 })).toMatchObject({
    outcome: 'nothing',
    message: '1 report was in the queue already.',
  });
});

test('a confirmation is of the revision that was seen, and only while it is held', async () => {
  const held = createDesk(record({ state: 'held', heldRevision: 'r2' }));
  expect(await held.operator.confirm(KEY, 'r2', 'ed')).toMatchObject({ outcome: 'done' });
  expect(held.log[1]).toEqual([
    'units',
    [{ sourceId: 'imgix-a', unit: { ...KEY, period: PERIOD }, confirmedRevision: 'r2' }],
  ]);
  expect(await held.operator.confirm(KEY, 'r1', 'ed')).toMatchObject({
    outcome: 'nothing',
    message: expect.stringContaining('once more'),
  });
  const loaded = createDesk(record());
  expect(await loaded.operator.confirm(KEY, 'r2', 'ed')).toMatchObject({ outcome: 'nothing' });
  expect(loaded.log.map(([what]) => what)).toEqual(['begin', 'finish']);
});

test('an unknown report is not handed on', async () => {
  const { log, operator } = createDesk(undefined);
  expect(await operator.reload(KEY, 'ed')).toMatchObject({ outcome: 'nothing' });
  expect(log.map(([what]) => what)).toEqual(['begin', 'finish']);
});

test('failed units of all accounts go to their own sources', async () => {
  const findFailed = async () => [
    { ...KEY, period: PERIOD },
    { account: 'b', dataset: 'akamai.api_usage', reportKey: 'k', period: PERIOD },
  ];
  const { log, operator } = createDesk(undefined, { findFailed });
  await operator.retryFailed({}, 'ed');
  expect(log[1]).toMatchObject(['units', [{ sourceId: 'imgix-a' }, { sourceId: 'akamai-b' }]]);
  expect(await createDesk(undefined).operator.retryFailed({}, 'ed')).toMatchObject({ outcome: 'nothing' });
});

test('a backfill gives each source the datasets of its vendor', async () => {
  const { log, operator } = createDesk(undefined);
  const [from, to] = [parseUtcDay('2026-11-01', 'from'), parseUtcDay('2026-11-03', 'to')];
  const sources = ['imgix-a', 'akamai-a'];
  await operator.backfill({ sources, from, to, datasets: ['imgix.cdn_logs'] }, 'ed');
  await operator.backfill({ sources, from, to }, 'ed');
  expect(log.filter(([what]) => what === 'backfill')).toEqual([
    ['backfill', { sourceId: 'imgix-a', from, to, datasets: ['imgix.cdn_logs'] }],
    ['backfill', { sourceId: 'imgix-a', from, to, datasets: undefined }],
    ['backfill', { sourceId: 'akamai-a', from, to, datasets: undefined }],
  ]);
  expect(await operator.backfill({ sources, from: to, to: from }, 'ed')).toMatchObject({
    outcome: 'nothing',
  });
  expect(await operator.backfill({ sources: [], from, to }, 'ed')).toMatchObject({ outcome: 'nothing' });
});
