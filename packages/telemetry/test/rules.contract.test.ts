import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { openMetrics } from '../src/index.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const readRoot = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const RULES = 'deploy/prometheus/rules.yml';
const OWN_NAME = /\bedgeledger_[a-z_]+/g;

/** Names that exist, and what Prometheus makes of a histogram. */
async function knownNames(): Promise<Set<string>> {
  const text = await (await openMetrics({ version: '1', role: 'worker' })).render();
  const names = [...text.matchAll(/^# TYPE (edgeledger_\w+) (\w+)$/gm)];
  return new Set(
    names.flatMap(([, name = '', kind]) =>
      kind === 'histogram' ? [name, ...['bucket', 'sum', 'count'].map((part) => `${name}_${part}`)] : [name],
    ),
  );
}

function findPromtool(): string | undefined {
  return (process.env.PATH ?? '').split(delimiter).find((folder) => {
    try {
      accessSync(join(folder, 'promtool'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const NO_PROMTOOL = 'SKIPPED: no promtool on PATH; install it with "apt-get install prometheus"';

test('every metric that an alert rule names exists', async () => {
  const known = await knownNames();
  const used = readRoot(RULES).match(OWN_NAME) ?? [];
  expect(used.length).toBeGreaterThan(10);
  expect(used.filter((name) => !known.has(name))).toEqual([]);
  expect(known.has('edgeledger_no_such_metric')).toBe(false);
});

test('every metric is documented, and every one that is documented exists', async () => {
  const known = await knownNames();
  const documented = new Set(readRoot('docs/metrics.md').match(OWN_NAME));
  expect([...documented].filter((name) => !known.has(name))).toEqual([]);
  const whole = [...known].filter((name) => !/duration_seconds_(bucket|sum|count)$/.test(name));
  expect(whole.filter((name) => !documented.has(name))).toEqual([]);
});

test('every alert is documented and has a test of its own', () => {
  const alerts = [...readRoot(RULES).matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  expect(alerts.length).toBeGreaterThan(10);
  const [documentation, tests] = [readRoot('docs/metrics.md'), readRoot('deploy/prometheus/rules.test.yml')];
  expect(alerts.filter((name) => !documentation.includes(`\`${name}\``))).toEqual([]);
  expect(alerts.filter((name) => !tests.includes(`alertname: ${name}\n`))).toEqual([]);
});

const folder = findPromtool();
if (folder === undefined && process.env.CI !== 'true') {
  console.warn(`alert rules: ${NO_PROMTOOL}`);
  test.skip(NO_PROMTOOL, () => undefined);
} else {
  test('promtool accepts the alert rules, and they fire and stay silent when they should', () => {
    if (folder === undefined) expect.fail(NO_PROMTOOL);
    const run = (...args: string[]) =>
      execFileSync(join(folder, 'promtool'), args, { cwd: ROOT, encoding: 'utf8' });
    expect(run('check', 'rules', RULES)).toContain('SUCCESS');
    expect(run('test', 'rules', 'deploy/prometheus/rules.test.yml')).toContain('SUCCESS');
  });
}
