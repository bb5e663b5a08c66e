import { type Clock, type Loader, type RateBudget, systemClock } from '@edgeledger/core';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createFreshAnswer } from './fresh-answer.ts';
import { createInstruments, type Instruments, splitScope } from './instruments.ts';
import type { LedgerFacts } from './ledger-facts.ts';
import { setLedgerGauges } from './ledger-gauges.ts';
import { createMeasuredLoader } from './measured-loader.ts';
import { createMeasuredRateBudget, type KnownLimits } from './measured-rate-budget.ts';

export interface MetricsOptions {
  readonly version: string;
  /** `up`, `worker`, `scheduler` or `dashboard`. */
  readonly role: string;
  /** How long facts of the warehouse and the queue serve, in ms. Default 5000. */
  readonly keepMs?: number;
  /** How long a scrape waits for them, in ms. Default 3000. */
  readonly limitMs?: number;
  readonly clock?: Clock;
}

/** Jobs by queue name and state. */
export type QueueFacts = Readonly<Record<string, Readonly<Record<string, number>>>>;

export type WorkerFacts = Readonly<Record<string, number>>;

/** What a scrape asks the rest of the process for. */
export interface MetricsQuestions {
  readonly ledger?: () => Promise<LedgerFacts>;
  readonly queues?: () => Promise<QueueFacts>;
  /** Connected workers by queue; undefined when the queue's store does not tell. */
  readonly workers?: () => Promise<WorkerFacts | undefined>;
}

export interface Metrics {
  readonly contentType: string;
  /** Prometheus's text format. Never rejects: what cannot be read is left out and counted. */
  render(): Promise<string>;
  /** Where facts come from, once it is open; called again, it replaces what was there. */
  askFrom(questions: MetricsQuestions): void;
  /** An attempt at a vendor was answered; `scope` is `<vendor>/<account>`, status 0 stands for no answer. */
  countRequest(attempt: { readonly scope: string; readonly status: number }): void;
  /** Counts what is loaded through it. */
  measureLoader(loader: Loader): Loader;
  /** Learns the limits that are used through it, to tell what is left of them. */
  measureBudget(budget: RateBudget): RateBudget;
}

const KEEP_MS = 5_000;
const LIMIT_MS = 3_000;

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const instruments = createInstruments(registry);
  instruments.buildInfo.set({ version: options.version, role: options.role }, 1);
  for (const source of ['warehouse', 'queue']) instruments.scrapeErrors.inc({ source }, 0);
  const limits: KnownLimits = new Map();
  const fresh = {
    keepMs: options.keepMs ?? KEEP_MS,
    limitMs: options.limitMs ?? LIMIT_MS,
    nowMs: () => performance.now(),
  };
  let askLedger: (() => Promise<LedgerFacts>) | undefined;
  let askQueues: (() => Promise<QueueFacts>) | undefined;
  let askWorkers: (() => Promise<WorkerFacts | undefined>) | undefined;

  const readInto = async <T>(
    source: 'warehouse' | 'queue',
    ask: (() => Promise<T>) | undefined,
    set: (facts: T | undefined) => void,
  ): Promise<void> => {
    if (ask === undefined) return;
    try {
      set(await ask());
    } catch {
      // no value is better than an old one that looks new
      set(undefined);
      instruments.scrapeErrors.inc({ source });
    }
  };

  return {
    contentType: registry.contentType,
    async render() {
      await Promise.all([
        readInto('warehouse', askLedger, (facts) => setLedgerGauges(instruments, facts, limits)),
        readInto('queue', askQueues, (facts) => setQueueGauges(instruments, facts)),
        readInto('queue', askWorkers, (facts) => setWorkerGauge(instruments, facts)),
      ]);
      return await registry.metrics();
    },
    askFrom({ ledger, queues, workers }) {
      askLedger = ledger === undefined ? undefined : createFreshAnswer(ledger, fresh);
      askQueues = queues === undefined ? undefined : createFreshAnswer(queues, fresh);
      askWorkers = workers === undefined ? undefined : createFreshAnswer(workers, fresh);
    },
    countRequest({ scope, status }) {
      const [vendor = '', account = ''] = splitScope(scope);
      instruments.vendorRequests.inc({ vendor, account, status: status === 0 ? 'error' : String(status) });
    },
    measureLoader: (loader) =>
      createMeasuredLoader(loader, { instruments, clock: options.clock ?? systemClock }),
    measureBudget: (budget) => createMeasuredRateBudget(budget, limits),
  };
}

function setQueueGauges({ queueJobs }: Instruments, facts: QueueFacts | undefined): void {
  queueJobs.reset();
  for (const [queue, states] of Object.entries(facts ?? {}))
    for (const [state, jobs] of Object.entries(states)) queueJobs.set({ queue, state }, jobs);
}

function setWorkerGauge({ workers }: Instruments, facts: WorkerFacts | undefined): void {
  workers.reset();
  for (const [queue, count] of Object.entries(facts ?? {})) workers.set({ queue }, count);
}
