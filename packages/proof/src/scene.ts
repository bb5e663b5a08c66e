import type { Bench, ProductUrls } from './bench.ts';
import { type FaultProxy, openFaultProxy, throughProxy, toTarget } from './fault-proxy.ts';
import type { Backend, Lab } from './lab.ts';
import type { Orders } from './orders.ts';
import type { Subject } from './subject.ts';
import { holdsWithin } from './until.ts';

/** A worker at work, with everything between it and its stores in our hands. */
export interface Scene extends AsyncDisposable {
  readonly bench: Bench;
  readonly backend: Backend;
  /** The worker that was started last. */
  readonly worker: Subject;
  readonly database: FaultProxy;
  /** Where the queue is: the database, unless there is a Redis. */
  readonly queue: FaultProxy;
  startWorker(orders?: Partial<Orders>): Subject;
  /** Resolves when so many units are visible, or nothing is left to do. */
  untilLoaded(units: number): Promise<void>;
  /** Resolves when the worker wrote such a text. @throws when it did not in time. */
  untilLogged(text: RegExp): Promise<void>;
}

const PROGRESS_LIMIT_MS = 45_000;

export interface SceneStart {
  /** Before anything runs. */
  readonly prepare?: (bench: Bench) => Promise<void> | void;
  /** Orders of the workers. */
  readonly orders?: Partial<Orders>;
  /** What the workers are given besides, or instead. */
  readonly environment?: (bench: Bench) => Record<string, string>;
}

/** Opens a bench whose stores are behind proxies, and starts a worker that finds ticks. */
export async function openScene(
  lab: Lab,
  backend: Backend,
  { prepare, orders = {}, environment }: SceneStart = {},
): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  let database: FaultProxy | undefined;
  let redis: FaultProxy | undefined;
  const via = async (urls: ProductUrls): Promise<ProductUrls> => {
    database = stack.use(await openFaultProxy(toTarget(urls.databaseUrl)));
    const databaseUrl = throughProxy(urls.databaseUrl, database);
    if (urls.redisUrl === undefined) return { databaseUrl };
    redis = stack.use(await openFaultProxy(toTarget(urls.redisUrl)));
    return { databaseUrl, redisUrl: throughProxy(urls.redisUrl, redis) };
  };
  const bench = stack.use(await lab.openBench({ database: 'migrated', backend, via }));
  if (database === undefined) throw new Error('The bench did not ask for its addresses.');
  await prepare?.(bench);
  await bench.enqueueTicks();
  const more = environment?.(bench) ?? {};
  let worker = bench.start(['worker'], orders, more);
  const owned = stack.move();
  return {
    bench,
    backend,
    database,
    queue: redis ?? database,
    get worker() {
      return worker;
    },
    startWorker: (again = orders) => {
      worker = bench.start(['worker'], again, more);
      return worker;
    },
    untilLoaded: async (units) => {
      await holdsWithin(
        PROGRESS_LIMIT_MS,
        async () => !worker.isRunning() || (await countLoaded(bench)) >= units,
      );
    },
    untilLogged: async (text) => {
      if (await holdsWithin(PROGRESS_LIMIT_MS, () => text.test(worker.output()))) return;
      throw new Error(`The worker did not write ${text}: ${worker.output().slice(-2_000)}`);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function countLoaded({ warehouse }: Bench): Promise<number> {
  const answer = await warehouse.questions.query(`SELECT count(*) FROM ledger.units WHERE state = 'loaded'`);
  return Number(answer.rows[0]?.[0] ?? 0);
}
