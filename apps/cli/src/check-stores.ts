import { type Archive, EdgeledgerError, isAbortError, type SourceCheck } from '@edgeledger/core';
import type { QueueBackend } from '@edgeledger/queue';
import { openArchive, openQueue, type Services, type Setup } from './services.ts';

/** Akamai refuses requests whose time is further off (akamai.md, section 3.1). */
const SKEW_LIMIT_MS = 30_000;

/** Postgres: version, rights, who the user is, migrations, the readers' role, and whether its clock and ours agree. */
export async function checkWarehouse(services: Services): Promise<SourceCheck[]> {
  const { warehouse, io } = services;
  const { columns: _, rows } = await warehouse.questions.query(FACTS_SQL);
  const [version, mayCreate, mayWrite, hasReader, now, ...login] = rows[0] ?? [];
  const { applied, missing } = await warehouse.migrationStatus();
  const skewMs = io.clock.now().getTime() - (now instanceof Date ? now.getTime() : 0);
  return [
    { name: 'postgres', state: 'ok', message: `PostgreSQL ${String(version)}` },
    mayCreate === true && mayWrite !== false
      ? { name: 'rights', state: 'ok', message: 'this user may create and write what Edgeledger needs' }
      : {
          name: 'rights',
          state: 'failed',
          message:
            applied === 0
              ? 'this user may not create schemas: GRANT CREATE ON DATABASE, or make it the owner of the database'
              : 'this user may not write all tables or add partitions: use the user that ran "edgeledger migrate"',
        },
    ...toLoginChecks(services, login),
    toMigrationCheck(applied, missing.length),
    hasReader === true || applied === 0
      ? {
          name: 'readers',
          state: 'ok',
          message:
            applied === 0
              ? 'edgeledger_reader is made by migrate'
              : 'edgeledger_reader is there; grant it to who may read',
        }
      : {
          name: 'readers',
          state: 'warning',
          message:
            'the role edgeledger_reader is missing; docs/reader-role.md says how an administrator makes it',
        },
    Math.abs(skewMs) < SKEW_LIMIT_MS
      ? { name: 'clock', state: 'ok', message: 'agrees with Postgres' }
      : {
          name: 'clock',
          state: 'warning',
          message: `this machine and Postgres are ${Math.round(Math.abs(skewMs) / 1000)} s apart: set both by NTP`,
        },
  ];
}

const FACTS_SQL = `
SELECT current_setting('server_version'),
  CASE WHEN to_regnamespace('ledger') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
    ELSE (SELECT bool_and(has_schema_privilege(oid, 'CREATE')) FROM pg_namespace
          WHERE nspname IN ('partitions', 'staging')) END,
  (SELECT bool_and(has_table_privilege(c.oid, 'INSERT')) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname IN ('imgix', 'akamai', 'ledger') AND c.relkind IN ('r', 'p') AND c.relname <> 'migrations'),
  EXISTS (SELECT FROM pg_roles WHERE rolname = 'edgeledger_reader'),
  clock_timestamp(),
  session_user::text,
  (SELECT rolsuper FROM pg_roles WHERE rolname = session_user),
  (SELECT pg_has_role(session_user, nspowner, 'MEMBER') FROM pg_namespace WHERE nspname = 'ledger'),
  (SELECT string_agg(rolname, ', ' ORDER BY rolname) FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND rolname <> session_user
     AND pg_has_role(oid, to_regrole('edgeledger_loader'), 'MEMBER')
     AND NOT pg_has_role(oid, (SELECT nspowner FROM pg_namespace WHERE nspname = 'ledger'), 'MEMBER'))`;

/** The embedded server has one user, and nobody else to be kept from anything. */
function toLoginChecks(
  { config }: Services,
  [user, isSuperuser, isOwner, loaders]: unknown[],
): SourceCheck[] {
  if (config.databaseUrl === undefined) return [];
  const advice = 'docs/security.md, "Roles", has the statements for a login that only loads';
  const name = 'login';
  if (isSuperuser === true) {
    const message = `${String(user)} is a superuser: who gets its password has the whole server, and what it reads may use its rights. ${advice}`;
    return [{ name, state: 'warning', message }];
  }
  if (isOwner === true && typeof loaders === 'string') {
    const message = `${String(user)} owns the warehouse into which ${loaders} may load, and what it reads there may use its rights: only "edgeledger migrate" should be it. ${advice}`;
    return [{ name, state: 'warning', message }];
  }
  return [{ name, state: 'ok', message: String(user) }];
}

function toMigrationCheck(applied: number, missing: number): SourceCheck {
  const name = 'migrations';
  if (applied === 0) return { name, state: 'ok', message: 'an empty database: the first command sets it up' };
  if (missing === 0) return { name, state: 'ok', message: `all ${applied} are applied` };
  return { name, state: 'failed', message: `${missing} are missing: run "edgeledger migrate"` };
}

/** Reachable, and safe for jobs: a queue that forgets is healed by the next tick, but nobody should rely on it. */
export async function checkQueue(services: Services): Promise<SourceCheck[]> {
  let backend: QueueBackend | undefined;
  try {
    backend = await openQueue(services);
    await backend.ping();
    const facts = await backend.inspect();
    const workers = await checkWorkers(backend);
    if (facts.kind === 'postgres') return [{ name: 'queue', state: 'ok', message: 'in Postgres' }, workers];
    return [
      { name: 'queue', state: 'ok', message: `Redis ${facts.version} answers` },
      workers,
      facts.isAofEnabled
        ? { name: 'redis persistence', state: 'ok', message: 'AOF is on' }
        : {
            name: 'redis persistence',
            state: 'warning',
            message: 'AOF is off, so a restart forgets jobs until the next tick: set appendonly yes',
          },
      facts.maxmemoryPolicy === 'noeviction'
        ? { name: 'redis memory', state: 'ok', message: 'noeviction' }
        : {
            name: 'redis memory',
            state: 'failed',
            message: `the policy ${facts.maxmemoryPolicy} drops jobs when memory is full: set maxmemory-policy noeviction`,
          },
    ];
  } catch (error) {
    // `up`, `worker` and `scheduler` make what is missing
    if (error instanceof EdgeledgerError && error.code === 'warehouse.not-migrated')
      return [{ name: 'queue', state: 'ok', message: 'in Postgres, set up by the first worker' }];
    throw error;
  } finally {
    await backend?.close();
  }
}

/** Whoever loads by `run` needs none; where ticks are scheduled, or Redis is there for it, somebody counts on one. */
async function checkWorkers(backend: QueueBackend): Promise<SourceCheck> {
  const { isUnattended, readPresence } = await import('@edgeledger/queue');
  const presence = await readPresence(backend);
  const name = 'workers';
  if (presence.workers === undefined)
    return { name, state: 'ok', message: 'the store of the queue does not tell how many are connected' };
  if (!isUnattended(presence))
    return { name, state: 'ok', message: `${Math.max(...Object.values(presence.workers))} connected` };
  return presence.hasSchedule || backend.kind === 'redis'
    ? {
        name,
        state: 'warning',
        message: 'none is connected: nothing will be loaded. Start one with "edgeledger worker"',
      }
    : {
        name,
        state: 'ok',
        message: 'none is connected; "edgeledger up" has one, and "edgeledger run" needs none',
      };
}

const PROBE = { account: 'default', dataset: 'edgeledger.doctor', reportKey: 'doctor_20000101' };

/** Whether files can be kept and asked for; leaves nothing behind. */
export async function checkArchive({ config }: Setup): Promise<SourceCheck> {
  const name = 'archive';
  const { archive } = config;
  if (archive.kind === 'off') return { name, state: 'ok', message: 'off: replay reads from the vendor only' };
  const opened = openArchive(config);
  if (opened !== undefined) await tryArchive(opened);
  const where = archive.kind === 'directory' ? archive.path : `bucket ${archive.bucket}`;
  return { name, state: 'ok', message: `${where}, files are kept ${archive.keepDays} days` };
}

async function tryArchive(archive: Archive): Promise<void> {
  const entry = await archive.begin(PROBE);
  try {
    await entry.write(Buffer.from('doctor'));
  } finally {
    await entry.discard();
  }
  await archive.has(PROBE, '0'.repeat(64));
}

/** What would refuse to start, said before it does. */
export function checkDashboard({ config }: Setup): SourceCheck {
  const { host, port, user } = config.dashboard;
  const isLoopback = /^(localhost|127\.|::1$|\[::1\]$)/.test(host);
  const name = 'dashboard';
  if (!isLoopback && user === undefined) {
    return {
      name,
      state: 'failed',
      message: `on ${host} it wants DASHBOARD_USER and DASHBOARD_PASSWORD: set both, or HOST=127.0.0.1`,
    };
  }
  return {
    name,
    state: 'ok',
    message: `${host}:${port}, ${user === undefined ? 'open to this machine' : 'with a password'}`,
  };
}

/** One line for what a probe finds; its error becomes the line. */
export async function probe(
  name: string,
  work: () => Promise<readonly SourceCheck[]>,
): Promise<readonly SourceCheck[]> {
  try {
    return await work();
  } catch (error) {
    if (isAbortError(error) || !(error instanceof EdgeledgerError)) throw error;
    return [{ name, state: 'failed', message: error.message }];
  }
}
