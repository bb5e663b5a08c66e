import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds: a small report takes a fraction of one, a day of logs an hour. */
const DURATION_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

/** Every metric there is, by the names that `deploy/prometheus/rules.yml` and the dashboards rely on. */
export function createInstruments(registry: Registry) {
  const registers = [registry];
  const byDataset = ['account', 'dataset'] as const;
  return {
    completeThrough: new Gauge({
      name: 'edgeledger_complete_through_timestamp_seconds',
      help: 'Everything of the dataset up to here is loaded without a gap, and the vendor had all of it.',
      labelNames: byDataset,
      registers,
    }),
    gaps: new Gauge({
      name: 'edgeledger_gaps',
      help: 'Units that should be loaded and are not, lost ones included.',
      labelNames: byDataset,
      registers,
    }),
    daysToLoss: new Gauge({
      name: 'edgeledger_days_to_loss',
      help: 'Days until the vendor drops the first of the missing units; absent while nothing is missing.',
      labelNames: byDataset,
      registers,
    }),
    units: new Gauge({
      name: 'edgeledger_units',
      help: 'Units by the state that the ledger has them in.',
      labelNames: [...byDataset, 'state'] as const,
      registers,
    }),
    loads: new Counter({
      name: 'edgeledger_loads_total',
      help: 'Loads that ended in this process: published, unchanged, held, failed or abandoned.',
      labelNames: ['dataset', 'outcome'] as const,
      registers,
    }),
    loadedRows: new Counter({
      name: 'edgeledger_loaded_rows_total',
      help: 'Rows of published loads: inserted, updated, unchanged or deleted.',
      labelNames: ['dataset', 'change'] as const,
      registers,
    }),
    rejectedRows: new Counter({
      name: 'edgeledger_rejected_rows_total',
      help: 'Records of published loads that could not be accepted; they are in ledger.rejects.',
      labelNames: ['dataset'] as const,
      registers,
    }),
    loadedBytes: new Counter({
      name: 'edgeledger_loaded_bytes_total',
      help: 'Bytes of published loads as the vendor sent them.',
      labelNames: ['dataset'] as const,
      registers,
    }),
    loadDuration: new Histogram({
      name: 'edgeledger_load_duration_seconds',
      help: 'From the beginning of a load to its publication, also when several processes took part.',
      labelNames: ['dataset'] as const,
      buckets: DURATION_BUCKETS,
      registers,
    }),
    vendorRequests: new Counter({
      name: 'edgeledger_vendor_requests_total',
      help: 'Requests to vendors by HTTP status; status "error" when no answer came.',
      labelNames: ['vendor', 'account', 'status'] as const,
      registers,
    }),
    budgetRemaining: new Gauge({
      name: 'edgeledger_rate_budget_remaining',
      help: 'Requests that the vendor allows to all workers now; 0 while it has asked for a pause.',
      labelNames: ['vendor', 'account', 'endpoint'] as const,
      registers,
    }),
    queueJobs: new Gauge({
      name: 'edgeledger_queue_jobs',
      help: 'Jobs by queue and state.',
      labelNames: ['queue', 'state'] as const,
      registers,
    }),
    workers: new Gauge({
      name: 'edgeledger_workers',
      help: 'Workers that are connected to the queue now; absent where its store does not tell.',
      labelNames: ['queue'] as const,
      registers,
    }),
    buildInfo: new Gauge({
      name: 'edgeledger_build_info',
      help: 'Always 1; the labels tell version and role of the process.',
      labelNames: ['version', 'role'] as const,
      registers,
    }),
    scrapeErrors: new Counter({
      name: 'edgeledger_scrape_errors',
      help: 'Scrapes that had to leave out what the warehouse or the queue knows, because it did not answer in time.',
      labelNames: ['source'] as const,
      registers,
    }),
  };
}

export type Instruments = ReturnType<typeof createInstruments>;

/** `akamai/default/endpoint` to its three parts; the endpoint may hold further slashes. */
export function splitScope(key: string): readonly [vendor: string, account: string, endpoint: string] {
  const [vendor = '', account = '', ...endpoint] = key.split('/');
  return [vendor, account, endpoint.join('/')];
}
