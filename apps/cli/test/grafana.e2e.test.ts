import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator } from '@edgeledger/emulator';
import { openMetrics } from '@edgeledger/telemetry';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { createWarehouse, type Warehouse } from '@edgeledger/warehouse';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

const DEPLOY = join(import.meta.dirname, '..', '..', '..', 'deploy');
const FOLDER = join(DEPLOY, 'grafana', 'dashboards');

interface Target {
  readonly refId: string;
  readonly datasource: { readonly uid: string };
  readonly format?: 'table' | 'time_series';
  readonly rawSql?: string;
  readonly expr?: string;
}
interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets: readonly Target[];
  }[];
}

const DASHBOARDS = readdirSync(FOLDER).map(
  (name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Dashboard,
);
const TARGETS = DASHBOARDS.flatMap((dashboard) =>
  dashboard.panels.flatMap((panel) =>
    panel.targets.map((target) => ({ name: `${dashboard.title} / ${panel.title}`, target })),
  ),
);
/** What there is nothing of while all is well. */
const MAY_BE_EMPTY = /What is missing|Open findings|intervals without a row/;

describe('on a warehouse that both emulated vendors filled', () => {
  const login = `grafana_${process.pid}`;
  let database: TestDatabase;
  let reader: Warehouse;

  beforeAll(async () => {
    const emulator = await createEmulator({ historyDays: 12, imgix: { requestsPerSecond: 0 } });
    database = await createTestDatabase();
    const { exitCode, stderr } = await runCli(['run'], {
      ...toEnvironment(emulator, database),
      BACKFILL_DAYS: '4',
    });
    await emulator.close();
    expect(exitCode, stderr).toBe(0);
    for (const statement of toStatements(login)) await database.query(statement);
    const url = new URL(database.connectionString);
    url.username = login;
    url.password = 'secret';
    reader = await createWarehouse({ connectionString: url.href });
  }, 120_000);
  afterAll(async () => {
    await reader.close();
    await database.query(`DROP ROLE ${login}`);
    await database.drop();
  });

  test.each(TARGETS.filter(({ target }) => target.rawSql !== undefined))(
    '$name answers',
    async ({ name, target }) => {
      const { columns, rows } = await reader.questions.query(fillIn(target.rawSql ?? ''));
      if (!MAY_BE_EMPTY.test(name)) expect(rows.length).toBeGreaterThan(0);
      if (target.format !== 'time_series') return;
      expect(columns[0]).toBe('time');
      expect(columns.length).toBeGreaterThanOrEqual(2);
      const times = rows.map(([time]) => (time instanceof Date ? time.getTime() : Number.NaN));
      expect(times).toEqual(times.toSorted((left, right) => left - right));
      expect(times).not.toContain(Number.NaN);
    },
  );

  test.each(DASHBOARDS.flatMap(({ title, templating }) => templating.list.map((one) => ({ title, ...one }))))(
    'the choice of $name on $title answers',
    async ({ query }) => {
      expect((await reader.questions.query(query)).rows.length).toBeGreaterThan(0);
    },
  );

  test('the login that reader.sql makes reads and cannot write', async () => {
    const { rows } = await reader.questions.query(
      `SELECT has_table_privilege('imgix.cdn_logs', 'SELECT'),
              has_table_privilege('imgix.cdn_logs', 'INSERT, UPDATE, DELETE, TRUNCATE'),
              has_schema_privilege('staging', 'USAGE'), current_setting('statement_timeout')`,
    );
    expect(rows[0]?.slice(0, 3)).toEqual([true, false, false]);
  });
});

/** As Grafana fills them in: a period, and every account and dataset. */
function fillIn(text: string): string {
  return text
    .replaceAll(/\$__timeFilter\(([^()]+)\)/g, `$1 BETWEEN now() - interval '90 days' AND now()`)
    .replaceAll('$account', `'default'`)
    .replaceAll('$dataset', 'SELECT DISTINCT dataset FROM ledger.units');
}

/** The statements of reader.sql for another role, with what psql does for it done here. */
function toStatements(login: string): string[] {
  return readFileSync(join(DEPLOY, 'grafana', 'reader.sql'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('--') && !line.startsWith('\\getenv'))
    .map((line) => (line.includes('\\gexec') ? 'CREATE ROLE grafana LOGIN' : line))
    .map((line) => line.replaceAll(/\bgrafana\b/g, login).replace(":'password'", "'secret'"));
}

describe('without a warehouse', () => {
  const expressions = TARGETS.flatMap(({ name, target }) =>
    target.expr === undefined ? [] : [{ name, expr: target.expr }],
  );

  test('dashboards and panels are named once, and every question goes to a data source that is provisioned', () => {
    const provisioned = readFileSync(
      join(DEPLOY, 'grafana/provisioning/datasources/datasources.yaml'),
      'utf8',
    );
    const uids = [...provisioned.matchAll(/^ {4}uid: (\w+)$/gm)].map((match) => match[1]);
    expect(uids).toEqual(['warehouse', 'prometheus']);
    expect(TARGETS.filter(({ target }) => !uids.includes(target.datasource.uid))).toEqual([]);
    expect(DASHBOARDS.map(({ uid }) => uid).toSorted()).toEqual(
      ['coverage', 'credits', 'freshness', 'load-rate', 'usage'].map((name) => `edgeledger-${name}`),
    );
    for (const { panels } of DASHBOARDS) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      expect(panels.length).toBeGreaterThan(3);
    }
  });

  test('every metric that a panel names exists, with the labels it asks for', async () => {
    const text = await (await openMetrics({ version: '1', role: 'worker' })).render();
    const names = new Set([...text.matchAll(/^# TYPE (edgeledger_\w+) /gm)].map((match) => match[1] ?? ''));
    const used = expressions.flatMap(({ expr }) => expr.match(/\bedgeledger_[a-z_]+/g) ?? []);
    expect(used.length).toBeGreaterThan(10);
    expect(used.filter((name) => !names.has(name.replace(/_bucket$/, '')))).toEqual([]);
    expect(names.has('edgeledger_gaps')).toBe(true);
  });

  const promtool = findPromtool();
  test.skipIf(promtool === undefined)(
    'promtool accepts prometheus.yml and every expression (needs promtool)',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'edgeledger-promtool-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const rules = expressions.map(({ expr }, index) => ({ record: `panel:question:${index}`, expr }));
      const file = join(folder, 'panels.yml');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
      const check = (...args: string[]) =>
        execFileSync(promtool ?? '', args, { encoding: 'utf8', stdio: 'pipe' });
      expect(check('check', 'rules', file)).toContain(`${rules.length} rules found`);
      expect(check('check', 'config', join(DEPLOY, 'prometheus', 'prometheus.yml'))).toContain('SUCCESS');
      const [first] = rules;
      writeFileSync(
        file,
        JSON.stringify({ groups: [{ name: 'panels', rules: [{ ...first, expr: 'sum(' }] }] }),
      );
      expect(() => check('check', 'rules', file)).toThrow(/parse error/);
    },
  );
});

function findPromtool(): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v promtool'], { encoding: 'utf8' }).trim();
  } catch {
    if (process.env.CI === 'true') throw new Error('CI needs promtool: apt-get install prometheus');
    console.warn('SKIPPED: no promtool on PATH; install it with "apt-get install prometheus"');
    return undefined;
  }
}
