import {
  createManualClock,
  InvariantError,
  type Load,
  type Loader,
  type PublishRequest,
} from '@edgeledger/core';
import { expect, test } from 'vitest';
import type { LedgerFacts } from './ledger-facts.ts';
import { createMetrics } from './metrics.ts';

const FACTS: LedgerFacts = {
  datasets: [
    {
      account: 'default',
      dataset: 'imgix.cdn_logs',
      completeThrough: new Date('2026-11-20T00:00:00Z'),
      gaps: 2,
      daysToLoss: 3.5,
    },
    { account: 'default', dataset: 'imgix.mild_errors', completeThrough: null, gaps: 0, daysToLoss: null },
  ],
  units: [{ account: 'default', dataset: 'imgix.cdn_logs', state: 'failed', count: 2 }],
  budgets: [{ key: 'akamai/default/endpoint-usage-by-time', taken: 3, isPaused: false }],
};

const open = () => createMetrics({ version: '1.2.3', role: 'worker', limitMs: 20 });
const linesOf = (text: string, name: string): string[] =>
  text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

test('the ledger is told as gauges, and a state that nobody is in as 0', async () => {
  const metrics = open();
  metrics.askFrom({ ledger: async () => FACTS });
  const text = await metrics.render();
  const cdn = 'account="default",dataset="imgix.cdn_logs"';
  expect(text).toContain(`edgeledger_complete_through_timestamp_seconds{${cdn}} 1795132800`);
  expect(text).toContain(`edgeledger_gaps{${cdn}} 2`);
  expect(text).toContain('edgeledger_gaps{account="default",dataset="imgix.mild_errors"} 0');
  expect(linesOf(text, 'edgeledger_days_to_loss')).toEqual([`edgeledger_days_to_loss{${cdn}} 3.5`]);
  expect(text).toContain(`edgeledger_units{${cdn},state="failed"} 2`);
  expect(text).toContain(`edgeledger_units{${cdn},state="lost"} 0`);
  expect(text).toContain('edgeledger_build_info{version="1.2.3",role="worker"} 1');
  expect(text).toContain('process_resident_memory_bytes ');
});

test('a scrape answers in time without what the warehouse does not say, and counts that', async () => {
  const metrics = open();
  let answer: () => Promise<LedgerFacts> = async () => FACTS;
  metrics.askFrom({ ledger: () => answer(), queues: async () => ({ imgix: { waiting: 4 } }) });
  const never = createMetrics({ version: '1', role: 'worker', limitMs: 20 });
  answer = () => new Promise<never>(() => undefined);
  never.askFrom({ ledger: () => answer() });
  expect(linesOf(await never.render(), 'edgeledger_gaps')).toEqual([]);
  expect(await never.render()).toContain('edgeledger_scrape_errors{source="warehouse"} 2');

  answer = () => Promise.reject(new Error('Postgres is away'));
  const text = await metrics.render();
  expect(linesOf(text, 'edgeledger_gaps')).toEqual([]);
  expect(text).toContain('edgeledger_scrape_errors{source="warehouse"} 1');
  expect(text).toContain('edgeledger_scrape_errors{source="queue"} 0');
  expect(text).toContain('edgeledger_queue_jobs{queue="imgix",state="waiting"} 4');
});

test('many scrapes are one question, asked again when the answer is old', async () => {
  let asked = 0;
  const metrics = createMetrics({ version: '1', role: 'worker', keepMs: 60_000 });
  metrics.askFrom({
    ledger: async () => {
      asked += 1;
      return FACTS;
    },
  });
  await Promise.all([metrics.render(), metrics.render()]);
  await metrics.render();
  expect(asked).toBe(1);

  const impatient = createMetrics({ version: '1', role: 'worker', keepMs: 0 });
  impatient.askFrom({
    ledger: async () => {
      asked += 1;
      return FACTS;
    },
  });
  await impatient.render();
  await impatient.render();
  expect(asked).toBe(3);
});

test('requests count by vendor, account and status', async () => {
  const metrics = open();
  for (const status of [200, 200, 429, 0]) metrics.countRequest({ scope: 'akamai/shop', status });
  expect(linesOf(await metrics.render(), 'edgeledger_vendor_requests_total')).toEqual([
    'edgeledger_vendor_requests_total{vendor="akamai",account="shop",status="200"} 2',
    'edgeledger_vendor_requests_total{vendor="akamai",account="shop",status="429"} 1',
    'edgeledger_vendor_requests_total{vendor="akamai",account="shop",status="error"} 1',
  ]);
});

test('what is left of a budget is its limit less the places taken, and nothing during a pause', async () => {
  const metrics = createMetrics({ version: '1', role: 'worker', keepMs: 0 });
  let isPaused = false;
  metrics.askFrom({
    ledger: async () => ({ ...FACTS, budgets: FACTS.budgets.map((one) => ({ ...one, isPaused })) }),
  });
  const budget = metrics.measureBudget({
    take: async () => ({ release: () => undefined }),
    pause: async () => undefined,
  });
  const request = { lane: 'live', maxPauseMs: 0 } as const;
  await budget.take({ key: 'akamai/default/endpoint-usage-by-time', requests: 10, perMs: 60_000 }, request);
  const labels = '{vendor="akamai",account="default",endpoint="endpoint-usage-by-time"}';
  expect(await metrics.render()).toContain(`edgeledger_rate_budget_remaining${labels} 7`);
  isPaused = true;
  expect(await metrics.render()).toContain(`edgeledger_rate_budget_remaining${labels} 0`);
});

const unreachable = async (): Promise<never> => {
  throw new InvariantError('not part of the test');
};

/** A loader whose loads publish what the test says. */
function loaderOf(load: Partial<Load>): Loader {
  const whole = {
    loadId: '1',
    dataset: { name: 'imgix.cdn_logs' },
    stagePart: unreachable,
    unstagePart: unreachable,
    stagedParts: unreachable,
    fail: async () => undefined,
    abandon: async () => undefined,
    publish: async () => ({
      outcome: 'published',
      rowsInserted: 5,
      rowsUpdated: 1,
      rowsUnchanged: 0,
      rowsDeleted: 2,
      rejects: 3,
      bytes: 99,
      settled: true,
    }),
    ...load,
  } as unknown as Load;
  return { begin: async () => whole, resume: async () => whole };
}

test('loads count by how they end, with their rows, bytes and time', async () => {
  const clock = createManualClock(new Date('2026-11-21T06:00:00Z'));
  const metrics = createMetrics({ version: '1', role: 'worker', clock });
  const loader = metrics.measureLoader(loaderOf({ startedAt: new Date('2026-11-21T05:59:00Z') }));
  const load = await loader.resume('1', {} as never);
  await load.publish({} as PublishRequest);
  await load.fail(new InvariantError('a test'), clock.now());
  await load.abandon();
  const text = await metrics.render();
  const dataset = 'dataset="imgix.cdn_logs"';
  for (const outcome of ['published', 'failed', 'abandoned'])
    expect(text).toContain(`edgeledger_loads_total{${dataset},outcome="${outcome}"} 1`);
  expect(text).toContain(`edgeledger_loaded_rows_total{${dataset},change="inserted"} 5`);
  expect(text).toContain(`edgeledger_loaded_rows_total{${dataset},change="deleted"} 2`);
  expect(text).toContain(`edgeledger_rejected_rows_total{${dataset}} 3`);
  expect(text).toContain(`edgeledger_loaded_bytes_total{${dataset}} 99`);
  expect(text).toContain(`edgeledger_load_duration_seconds_sum{${dataset}} 60`);
});

test('rows of a revision that is kept back are not loaded rows', async () => {
  const metrics = open();
  const held = { outcome: 'held', rowsInserted: 5, rejects: 1, bytes: 9 };
  const loader = metrics.measureLoader(loaderOf({ publish: async () => held as never }));
  await (await loader.begin({} as never, {} as never)).publish({} as PublishRequest);
  const text = await metrics.render();
  expect(text).toContain('edgeledger_loads_total{dataset="imgix.cdn_logs",outcome="held"} 1');
  expect(linesOf(text, 'edgeledger_loaded_rows_total')).toEqual([]);
});

test('workers are told by queue, none as 0, and not at all where nobody knows', async () => {
  const metrics = createMetrics({ version: '1', role: 'dashboard', keepMs: 0 });
  let workers: Record<string, number> | undefined = { ticks: 2, imgix: 0 };
  metrics.askFrom({ workers: async () => workers });
  expect(linesOf(await metrics.render(), 'edgeledger_workers')).toEqual([
    'edgeledger_workers{queue="ticks"} 2',
    'edgeledger_workers{queue="imgix"} 0',
  ]);
  workers = undefined;
  const text = await metrics.render();
  expect(linesOf(text, 'edgeledger_workers')).toEqual([]);
  expect(text).toContain('edgeledger_scrape_errors{source="queue"} 0');
});
