import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { addDays, toUtcDay } from '@edgeledger/core';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, type TestDatabase, until } from '@edgeledger/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** Of the process that made it. */
  readonly role: string;
}

let emulator: Emulator;
let collector: Server;
let endpoint: string;
let spans: ReceivedSpan[] = [];
let bodies = '';

/** An OTLP/HTTP receiver: keeps what comes, whole and as spans. */
beforeAll(async () => {
  emulator = await createEmulator({ seed: 5, historyDays: 10, volume: { cdnLogRowsPerDay: 50 } });
  collector = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    expect(request.url).toBe('/otlp/v1/traces');
    bodies += body;
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      const role = resource.attributes.find((one: { key: string }) => one.key === 'edgeledger.role');
      for (const scope of scopeSpans)
        spans.push(...scope.spans.map((span: ReceivedSpan) => ({ ...span, role: role?.value.stringValue })));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const address = collector.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/otlp`;
});
afterAll(async () => {
  collector.close();
  await emulator.close();
});
beforeEach(() => {
  spans = [];
  bodies = '';
});

/** Scheduler and worker as processes of their own, until both days of logs are loaded. */
async function runRoles(database: TestDatabase, more: Record<string, string>) {
  const env = {
    ...toEnvironment(emulator, database),
    BACKFILL_DAYS: '2',
    EDGELEDGER_CONFIG: '',
    ...more,
  };
  let done = false;
  const stop = { signal: 'SIGTERM', when: () => done } as const;
  const roles = Promise.all([runCli(['worker'], env, stop), runCli(['scheduler'], env, stop)]);
  try {
    await until(
      'everything is loaded',
      async () => {
        const [row] = await database.query(
          `SELECT count(*) FILTER (WHERE state = 'loaded') AS loaded, count(*) AS units FROM ledger.units`,
        );
        return Number(row?.loaded) > 10 && row?.loaded === row?.units;
      },
      60_000,
    );
  } finally {
    done = true;
  }
  return await roles;
}

test('one trace goes from the tick through job and request to the COPY, and from the scheduler to its ticks', async () => {
  await using database = await createTestDatabase();
  const ended = await runRoles(database, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  expect(ended.map((role) => role.exitCode)).toEqual([0, 0]);

  const copy = spans.find((span) => span.name === 'COPY imgix.cdn_logs');
  const trace = spans.filter((span) => span.traceId === copy?.traceId);
  const found = (name: RegExp, role: string) =>
    trace.filter((one) => name.test(one.name) && one.role === role);
  expect(found(/^process edgeledger-ticks$/, 'worker')).toHaveLength(1);
  expect(found(/^addBulk edgeledger-imgix$/, 'worker')).toHaveLength(1);
  expect(found(/^process edgeledger-imgix$/, 'worker').length).toBeGreaterThan(10);
  expect(found(/^GET 127\.0\.0\.1:\d+$/, 'worker').length).toBeGreaterThan(10);
  expect(found(/^publish imgix\.cdn_logs$/, 'worker')).toHaveLength(2);
  // every span of it hangs together: one root, every parent known
  const ids = new Set(trace.map((span) => span.spanId));
  expect(trace.filter((span) => !span.parentSpanId || !ids.has(span.parentSpanId))).toHaveLength(1);
  // the COPY belongs to its job, not just to its trace
  const parents = new Map(trace.map((span) => [span.spanId, span]));
  expect(parents.get(copy?.parentSpanId ?? '')?.name).toBe('process edgeledger-imgix');
  // a tick that a schedule made is a root; one that the scheduler asked for at its start goes on with its trace
  const asked = spans.filter(
    (span) => span.name.startsWith('add edgeledger-ticks') && span.role === 'scheduler',
  );
  const taken = spans.filter((span) => span.name === 'process edgeledger-ticks' && span.role === 'worker');
  expect(asked.some((one) => taken.some((tick) => tick.traceId === one.traceId))).toBe(true);
  // housekeeping is left out
  expect(spans.map((span) => span.name).filter((name) => /getNextJob|Stalled/.test(name))).toEqual([]);
});

test('what is sent holds no credential and no query', async () => {
  await using database = await createTestDatabase();
  await runRoles(database, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  const { imgix, akamai } = emulator.credentials;
  const secrets = [imgix.apiKey, akamai.clientToken, akamai.clientSecret, akamai.accessToken];
  expect(bodies).toContain('/reporting-api/v1/');
  for (const secret of secrets) expect(bodies).not.toContain(secret);
  expect(bodies).not.toMatch(/[?&](signature|expires|Signature|X-Goog|page\[)/i);
  expect(bodies).not.toContain('postgres://');
});

test('a collector that is away costs nothing but its traces', async () => {
  await using database = await createTestDatabase();
  const ended = await runRoles(database, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  expect(ended.map((role) => role.exitCode)).toEqual([0, 0]);
});

test('run, replay and backfill are one trace each, whose requests and COPYs belong to their report', async () => {
  await using database = await createTestDatabase();
  const env = {
    ...toEnvironment(emulator, database),
    EDGELEDGER_CONFIG: '',
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  };
  const day = addDays(toUtcDay(new Date()), -2);
  const range = ['--dataset', 'cdn_logs', '--from', addDays(day, -1), '--to', day];
  expect((await runCli(['run', ...range], env)).exitCode).toBe(0);
  const ofRun = toTree('run');
  expect(ofRun.namesBelow('run').filter((name) => name === 'load imgix.cdn_logs')).toHaveLength(2);
  const ofReports = ofRun.namesBelow('load imgix.cdn_logs');
  expect(ofReports).toEqual(expect.arrayContaining(['COPY imgix.cdn_logs', 'publish imgix.cdn_logs']));
  expect(ofReports.some((name) => name.startsWith('GET '))).toBe(true);

  spans = [];
  expect((await runCli(['replay', `cdn_logs_${day.replaceAll('-', '')}`], env)).exitCode).toBe(0);
  expect(toTree('replay').namesBelow('replay')).toContain('load imgix.cdn_logs');

  spans = [];
  expect((await runCli(['migrate'], env)).exitCode).toBe(0);
  expect((await runCli(['backfill', '--from', day, '--to', day], env)).exitCode).toBe(0);
  expect(toTree('backfill').namesBelow('backfill')).toContain('addBulk edgeledger-imgix');
});

/** The one trace that began with a span of that name; fails when a span is in none, or in another one. */
function toTree(root: string) {
  const roots = spans.filter((span) => !span.parentSpanId);
  expect(roots.map((span) => [span.name, span.role])).toEqual([[root, root]]);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const parentOf = (span: ReceivedSpan) => byId.get(span.parentSpanId ?? '')?.name;
  expect(spans.filter((span) => span.name !== root && parentOf(span) === undefined)).toEqual([]);
  return {
    namesBelow: (name: string) => spans.filter((span) => parentOf(span) === name).map((span) => span.name),
  };
}

test('without an endpoint nothing of OpenTelemetry is loaded, but the API that prom-client brings', async () => {
  const program = pathToFileURL(join(import.meta.dirname, '..', 'src', 'commands', 'serve.ts')).href;
  const script = `
    import { registerHooks } from 'node:module';
    const seen = [];
    registerHooks({ load: (url, context, next) => { seen.push(url); return next(url, context); } });
    await import('${program}');
    console.log(JSON.stringify(seen));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  const loaded: string[] = JSON.parse(output);
  expect(loaded.some((url) => url.includes('/bullmq/'))).toBe(true);
  const ofTraces = /node_modules.(@opentelemetry.(?!api)|bullmq-otel.)/;
  expect(loaded.filter((url) => ofTraces.test(url))).toEqual([]);
});
