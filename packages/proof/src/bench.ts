import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseUtcDay, silentLogger } from '@edgeledger/core';
import type { Emulator } from '@edgeledger/emulator';
import { createProducer, openQueueBackend, type Producer, type QueueBackend } from '@edgeledger/queue';
import { createWarehouse, type ScratchDatabase, type Warehouse } from '@edgeledger/warehouse';
import { type Orders, QUICK_ORDERS } from './orders.ts';
import { type Subject, startSubject } from './subject.ts';
import { openVendors, proofDays, toVendorEnvironment, type Vendors } from './vendors.ts';

/** Addresses of what the product keeps things in. */
export interface ProductUrls {
  readonly databaseUrl: string;
  /** Absent: the queue is in the database. */
  readonly redisUrl?: string;
}

export interface BenchOptions {
  /** The script that runs the product as a subject. */
  readonly script: string;
  /** An existing folder for what subjects write. */
  readonly folder: string;
  readonly seed: number;
  readonly database: ScratchDatabase;
  readonly redisUrl?: string;
  /** Mean rows of cdn_logs per day. */
  readonly rowsPerDay?: number;
  /** What the product is given instead of the true addresses, such as proxies. */
  readonly via?: (urls: ProductUrls) => Promise<ProductUrls>;
}

/** A warehouse, its queue and its vendors, with the means to run the product on them and to look at what it did. */
export interface Bench extends AsyncDisposable {
  readonly database: ScratchDatabase;
  readonly emulator: Emulator;
  readonly vendors: Vendors;
  /** True addresses, whatever the product was given. */
  readonly urls: ProductUrls;
  readonly warehouse: Warehouse;
  /** Where the product keeps raw files. */
  readonly archiveFolder: string;
  /** Runs the command line as a process of its own. */
  start(args: readonly string[], orders?: Partial<Orders>, environment?: Record<string, string>): Subject;
  /** The queue as the product left it; opened at first use, because it may not be there before. */
  openQueue(): Promise<{ readonly producer: Producer; readonly backend: QueueBackend }>;
  /** One planning tick for each source, over both days. */
  enqueueTicks(): Promise<void>;
}

const CONNECTIONS_TO_LOOK = 5;

export async function openBench(options: BenchOptions): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const { database, redisUrl, rowsPerDay, seed, script } = options;
  const folder = await mkdtemp(join(options.folder, 'bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const vendors = stack.use(await openVendors({ seed, ...(rowsPerDay === undefined ? {} : { rowsPerDay }) }));
  const { emulator } = vendors;
  const warehouse = stack.use(
    await createWarehouse({
      connectionString: database.connectionString,
      maxConnections: CONNECTIONS_TO_LOOK,
      applicationName: 'proof',
    }),
  );
  const urls = { databaseUrl: database.connectionString, ...(redisUrl === undefined ? {} : { redisUrl }) };
  const environment = {
    ...(await makeEnvironment(options.folder, folder)),
    ...toVendorEnvironment(emulator),
    ...toUrlVariables((await options.via?.(urls)) ?? urls),
  };
  const subjects: Subject[] = [];
  stack.defer(() => endAll(subjects));
  const owned = stack.move();
  let queue: Promise<{ producer: Producer; backend: QueueBackend }> | undefined;
  const openQueue = () => {
    queue ??= openQueueOf(urls, owned);
    return queue;
  };
  return {
    database,
    emulator,
    vendors,
    urls,
    warehouse,
    archiveFolder: join(folder, 'archive'),
    start: (args, orders = {}, more = {}) => {
      const launch = { script, environment: { ...environment, ...more } };
      const subject = startSubject(launch, args, { ...QUICK_ORDERS, ...orders });
      subjects.push(subject);
      return subject;
    },
    openQueue,
    enqueueTicks: async () => {
      const { producer } = await openQueue();
      const [from, to] = proofDays(new Date());
      const range = { from: parseUtcDay(from, 'the proof'), to: parseUtcDay(to, 'the proof') };
      for (const sourceId of ['imgix-default', 'akamai-default']) {
        await producer.enqueueTick({ sourceId, reason: 'reconcile', ...range });
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openQueueOf(urls: ProductUrls, owner: AsyncDisposableStack) {
  const store = urls.redisUrl === undefined ? { databaseUrl: urls.databaseUrl } : { redisUrl: urls.redisUrl };
  const { backoffMs } = QUICK_ORDERS;
  const backend = owner.adopt(await openQueueBackend({ ...store, backoffMs, logger: silentLogger }), (one) =>
    one.close(),
  );
  const producer = owner.adopt(createProducer(backend), (one) => one.close());
  return { backend, producer };
}

/** What every process of the product is given; nothing of this process's own environment. */
export async function makeEnvironment(shared: string, home: string): Promise<Record<string, string>> {
  const config = join(home, 'edgeledger.yaml');
  await writeFile(config, 'archive: { kind: directory }\n');
  return {
    EDGELEDGER_HOME: home,
    EDGELEDGER_CONFIG: config,
    LOG_FORMAT: 'json',
    LOG_LEVEL: 'info',
    // Node keeps what it compiled: many processes of the same program are started
    NODE_COMPILE_CACHE: join(shared, 'compile-cache'),
  };
}

function toUrlVariables({ databaseUrl, redisUrl }: ProductUrls): Record<string, string> {
  return { DATABASE_URL: databaseUrl, ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }) };
}

async function endAll(subjects: readonly Subject[]): Promise<void> {
  for (const subject of subjects.filter((one) => one.isRunning())) {
    subject.send('SIGKILL');
    await subject.exited;
  }
}
