import { EdgeledgerError, isAbortError, type SourceCheck } from '@edgeledger/core';
import { checkSource } from '../check-sources.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine } from '../io.ts';
import { openQueue, openSources, readSetup, type Services, type Setup, withServices } from '../services.ts';
import { describeAlerts } from './alerts.ts';

export interface DoctorOptions {
  readonly json?: boolean;
}

const SIGNS = { ok: 'ok      ', warning: 'warning ', failed: 'failed  ', invalid: 'failed  ' } as const;

/** One line for everything that has to be right before reports can be loaded, with what to do where it is not. */
export async function runDoctorCommand(io: Io, options: DoctorOptions): Promise<number> {
  const setup = readSetup(io);
  const { configFile, sources } = setup.config;
  const checks: SourceCheck[] = [
    {
      name: 'configuration',
      state: 'ok',
      message: `${configFile ?? 'environment only'}, ${sources.length} source${sources.length === 1 ? '' : 's'}`,
    },
    ...(await checkStores(setup)),
    ...(await checkVendors(setup)),
  ];
  if (options.json) printJson(io, { checks });
  else for (const { name, state, message } of checks) printLine(io, `${SIGNS[state]}${name}: ${message}`);
  const isSound = checks.every((check) => check.state === 'ok' || check.state === 'warning');
  return isSound ? EXIT.done : EXIT.configuration;
}

async function checkStores(setup: Setup): Promise<SourceCheck[]> {
  const checks: SourceCheck[] = [];
  const opened = await probe('postgres', () =>
    withServices(setup, { role: 'doctor', skipSchema: true }, async (services) => {
      checks.push(await probe('postgres', () => describePostgres(services)));
      checks.push(await probe('queue', () => describeQueue(services)));
      checks.push(await describeAlerts(services));
      return 'reachable';
    }),
  );
  return opened.state === 'ok' ? checks : [...checks, opened];
}

async function describePostgres({ warehouse }: Services): Promise<string> {
  const answer = await warehouse.questions.query(`SELECT current_setting('server_version') AS version`);
  const version = String(answer.rows[0]?.[0]);
  const { applied, missing } = await warehouse.migrationStatus();
  // an empty database is set up by the first command that needs it
  if (applied > 0 && missing.length > 0) await warehouse.assertMigrated();
  return applied === 0
    ? `PostgreSQL ${version}, not set up yet`
    : `PostgreSQL ${version}, ${applied} migrations`;
}

async function describeQueue(services: Services): Promise<string> {
  const { redisUrl } = services.config;
  try {
    await using stack = new AsyncDisposableStack();
    const backend = stack.adopt(await openQueue(services), (opened) => opened.close());
    await backend.ping();
    return redisUrl === undefined ? 'in Postgres' : 'Redis answers';
  } catch (error) {
    // `up`, `worker` and `scheduler` make what is missing
    if (error instanceof EdgeledgerError && error.code === 'warehouse.not-migrated')
      return 'in Postgres, not set up yet';
    throw error;
  }
}

async function checkVendors(setup: Setup): Promise<SourceCheck[]> {
  const made = await probe('sources', async () => openSources(setup));
  if (made.state !== 'ok' || made.value === undefined) return [made];
  const checks: SourceCheck[] = [];
  for (const source of made.value) {
    const found = await checkSource(source, setup);
    checks.push(...found.map((check) => ({ ...check, name: `${source.id}, ${check.name}` })));
    await source.close();
  }
  return checks;
}

async function probe<Value>(
  name: string,
  work: () => Promise<Value>,
): Promise<SourceCheck & { readonly value?: Value }> {
  try {
    const value = await work();
    return { name, state: 'ok', message: typeof value === 'string' ? value : '', value };
  } catch (error) {
    if (isAbortError(error) || !(error instanceof EdgeledgerError)) throw error;
    return { name, state: 'failed', message: error.message };
  }
}
