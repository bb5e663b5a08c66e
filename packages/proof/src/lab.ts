import { createScratchDatabase, type ScratchDatabase } from '@edgeledger/warehouse';
import { type Bench, type BenchOptions, makeEnvironment, openBench } from './bench.ts';
import { QUICK_ORDERS } from './orders.ts';
import { startSubject } from './subject.ts';
import { proofDays } from './vendors.ts';

export interface LabOptions {
  /** A Postgres server with a user who may create databases; nothing that is there is touched. */
  readonly serverUrl: string;
  /** The script that runs the product as a subject. */
  readonly script: string;
  /** An existing folder for everything that subjects write. */
  readonly folder: string;
  readonly seed: number;
  /** Gives the address of an empty Redis database; absent: there is no Redis. */
  readonly nextRedisUrl?: () => string;
}

/** `migrated`: tables and nothing in them. `loaded`: both days are loaded, the queue has forgotten about it. */
export type DatabaseState = 'empty' | 'migrated' | 'loaded';

export type Backend = 'postgres' | 'redis';

export interface BenchStart extends Pick<BenchOptions, 'rowsPerDay' | 'via'> {
  readonly database: DatabaseState;
  readonly backend?: Backend;
}

/** Where benches are made; keeps the databases that they are copies of. */
export interface Lab extends AsyncDisposable {
  readonly backends: readonly Backend[];
  openBench(start: BenchStart): Promise<Bench>;
}

export async function createLab(options: LabOptions): Promise<Lab> {
  await using stack = new AsyncDisposableStack();
  const { serverUrl, nextRedisUrl } = options;
  const migrated = stack.use(await createScratchDatabase({ connectionString: serverUrl }));
  await runToEnd(options, migrated, ['migrate']);
  const owned = stack.move();
  let loaded: Promise<ScratchDatabase> | undefined;
  const findTemplate = async (state: DatabaseState): Promise<string | undefined> => {
    if (state === 'empty') return undefined;
    if (state === 'migrated') return migrated.name;
    loaded ??= makeLoaded(options, migrated.name).then((database) => owned.use(database));
    return (await loaded).name;
  };
  return {
    backends: nextRedisUrl === undefined ? ['postgres'] : ['postgres', 'redis'],
    openBench: async ({ database: state, backend = 'postgres', ...start }) => {
      const template = await findTemplate(state);
      const database = await createScratchDatabase({
        connectionString: serverUrl,
        ...(template === undefined ? {} : { template }),
      });
      const redisUrl = backend === 'redis' ? nextRedisUrl?.() : undefined;
      try {
        const given = redisUrl === undefined ? {} : { redisUrl };
        return withDatabase(await openBench({ ...options, ...start, ...given, database }));
      } catch (error) {
        await database.drop();
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The bench and its database go together. */
function withDatabase(bench: Bench): Bench {
  return {
    ...bench,
    [Symbol.asyncDispose]: async () => {
      await bench[Symbol.asyncDispose]();
      await bench.database.drop();
    },
  };
}

async function makeLoaded(options: LabOptions, template: string): Promise<ScratchDatabase> {
  const database = await createScratchDatabase({ connectionString: options.serverUrl, template });
  const bench = await openBench({ ...options, database });
  try {
    const [from, to] = proofDays(new Date());
    const subject = bench.start(['run', '--from', from, '--to', to]);
    const { code } = await subject.exited;
    if (code !== 0) throw new Error(`The days could not be loaded: ${subject.output()}`);
    return database;
  } finally {
    await bench[Symbol.asyncDispose]();
  }
}

/** Through the command line, because what it leaves is what the product finds. */
async function runToEnd(
  { script, folder }: LabOptions,
  database: ScratchDatabase,
  args: readonly string[],
): Promise<void> {
  const environment = { ...(await makeEnvironment(folder, folder)), DATABASE_URL: database.connectionString };
  const subject = startSubject({ script, environment }, args, QUICK_ORDERS);
  const { code } = await subject.exited;
  if (code !== 0) throw new Error(`"${args.join(' ')}" ended with ${code}: ${subject.output()}`);
}
