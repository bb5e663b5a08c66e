import {
  addDays,
  ConfigError,
  ContractError,
  createManualClock,
  dayPeriod,
  type EdgeledgerError,
  type Logger,
  Secret,
  TransientError,
  type UnitRef,
  type UtcDay,
} from '@edgeledger/core';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { createWarehouse, type Warehouse } from '@edgeledger/warehouse';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AlertTeller, type AlertTellerOptions, createAlertTeller } from '../src/index.ts';
import { createWebhookServer, WEBHOOK_KEY, type WebhookServer } from './webhook-server.ts';

const NOW = new Date('2026-11-21T04:30:00Z');
const MINUTE_MS = 60_000;

let database: TestDatabase;
let warehouse: Warehouse;
let webhook: WebhookServer;
let tellers: AlertTeller[];
let clock: ReturnType<typeof createManualClock>;
let logged: string;

const logger: Logger = {
  debug: (...line) => note(line),
  info: (...line) => note(line),
  warn: (...line) => note(line),
  error: (...line) => note(line),
  child: () => logger,
};
const note = (line: unknown): void => {
  logged += `${JSON.stringify(line)}\n`;
};

beforeEach(async () => {
  database = await createTestDatabase();
  warehouse = await createWarehouse({ connectionString: database.connectionString });
  webhook = await createWebhookServer();
  clock = createManualClock(NOW);
  tellers = [];
  logged = '';
});
afterEach(async () => {
  await Promise.all(tellers.map((teller) => teller.close()));
  await webhook.close();
  await warehouse.close();
  await database.drop();
});

function openTeller(change: Partial<AlertTellerOptions> = {}): AlertTeller {
  const teller = createAlertTeller({
    book: warehouse.alerts,
    webhook: new Secret(webhook.url),
    format: 'json',
    lostSoonDays: 7,
    clock,
    logger,
    ...change,
  });
  tellers.push(teller);
  return teller;
}

function unitOf(daysBack: number): UnitRef {
  const day = addDays('2026-11-21' as UtcDay, -daysBack);
  return {
    account: 'default',
    dataset: 'imgix.cdn_logs',
    reportKey: `cdn_logs_${day.replaceAll('-', '')}`,
    period: dayPeriod(day),
  };
}

async function expectUnits(units: readonly UnitRef[], expiresInDays = 60): Promise<void> {
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + expiresInDays * 86_400_000);
  await warehouse.ledger.recordExpected(
    units.map((unit) => ({ ...unit, dueAt: now, expiresAt })),
    now,
  );
}

const fail = (unit: UnitRef, error: EdgeledgerError) =>
  warehouse.ledger.recordFailure(unit, error, clock.now());
const MALFORMED = new ContractError('file.malformed', 'The file is damaged.');
const setUnit = (set: string, reportKey = '%') =>
  database.query(`UPDATE ledger.units SET ${set} WHERE report_key LIKE $1`, [reportKey]);
const load = (reportKey = '%') =>
  setUnit(`state = 'loaded', error_code = NULL, error_message = NULL`, reportKey);

test('ninety failed reports are one message, told once, and their recovery is another one', async () => {
  const units = Array.from({ length: 90 }, (_, index) => unitOf(index + 1));
  await expectUnits(units);
  for (const unit of units) await fail(unit, MALFORMED);
  const teller = openTeller();
  expect(await teller.tell()).toEqual({ opened: 90, recovered: 0 });
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  expect(webhook.received).toHaveLength(1);
  expect(webhook.received[0]).toMatchObject({
    product: 'edgeledger',
    version: 1,
    summary: '90 failed',
    opened: 90,
    resolved: 0,
    counts: { failed: 90 },
    omitted: 40,
  });
  expect(webhook.received[0]?.alerts[0]).toMatchObject({
    state: 'open',
    kind: 'failed',
    account: 'default',
    dataset: 'imgix.cdn_logs',
    report_key: 'cdn_logs_20261120',
    column: null,
    period_start: '2026-11-20T00:00:00.000Z',
    opened_at: NOW.toISOString(),
    resolved_at: null,
    message: 'The file is damaged.',
  });
  await load();
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 90 });
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  expect(webhook.received[1]).toMatchObject({ summary: '90 recovered', opened: 0, resolved: 90 });
  expect(await warehouse.alerts.findOpen()).toEqual([]);
});

test('many schedulers at once tell each change once, in one message', async () => {
  await expectUnits([unitOf(1), unitOf(2), unitOf(3)]);
  for (const unit of [unitOf(1), unitOf(2), unitOf(3)]) await fail(unit, MALFORMED);
  const many = Array.from({ length: 6 }, () => openTeller());
  await Promise.all(many.map((teller) => teller.tell()));
  expect(webhook.received.map(({ opened }) => opened)).toEqual([3]);
});

test('a unit that is tried again is not recovered before its rows are there, and not told again', async () => {
  await expectUnits([unitOf(1)]);
  await fail(unitOf(1), MALFORMED);
  const teller = openTeller();
  await teller.tell();
  for (const state of ['loading', 'waiting', 'expected', 'loading']) {
    await setUnit(`state = '${state}'`);
    expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  }
  await fail(unitOf(1), new ContractError('file.malformed', 'The file is damaged in another way.'));
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  expect((await warehouse.alerts.findOpen())[0]?.message).toBe('The file is damaged in another way.');
  await load();
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 1 });
});

test('a loaded report whose newer reading fails is told, and it stays loaded', async () => {
  await expectUnits([unitOf(1)]);
  await load();
  await fail(unitOf(1), new ContractError('unit.rejects-above-threshold', '5 of 9 records were rejected.'));
  expect(await openTeller().tell()).toEqual({ opened: 1, recovered: 0 });
  expect(webhook.received[0]).toMatchObject({ summary: '1 too many rejects', alerts: [{ kind: 'rejects' }] });
});

test('what heals by itself is told at the third attempt only', async () => {
  await expectUnits([unitOf(1)]);
  await fail(unitOf(1), new TransientError('source.timeout', 'No answer.'));
  const teller = openTeller();
  await setUnit('attempts = 2');
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  await setUnit('attempts = 3');
  expect(await teller.tell()).toEqual({ opened: 1, recovered: 0 });
});

test('a receiver that fails is tried again later, not at every tick, and loses nothing', async () => {
  await expectUnits([unitOf(1), unitOf(2)]);
  await fail(unitOf(1), MALFORMED);
  webhook.answers.push(500, 0);
  const teller = openTeller();
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  await fail(unitOf(2), MALFORMED);
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  expect(webhook.answers).toEqual([0]);
  clock.advance(MINUTE_MS + 1);
  await teller.tell();
  expect(webhook.answers).toEqual([]);
  clock.advance(MINUTE_MS + 1);
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  clock.advance(MINUTE_MS);
  expect(await teller.tell()).toEqual({ opened: 2, recovered: 0 });
  expect(webhook.received).toHaveLength(1);
});

test('the address of the webhook is in no log, no table and no error', async () => {
  await expectUnits([unitOf(1)]);
  await fail(unitOf(1), MALFORMED);
  webhook.answers.push(404, 302, 429, 503);
  for (let tick = 0; tick < 4; tick += 1) {
    await openTeller().tell();
    clock.advance(60 * MINUTE_MS);
  }
  const elsewhere = openTeller({ webhook: new Secret(`http://192.0.2.1/services/${WEBHOOK_KEY}`) });
  await expect(elsewhere.sendTest()).rejects.toThrow(/not https/);
  const unreachable = openTeller({ webhook: new Secret(`http://127.0.0.1:1/services/${WEBHOOK_KEY}`) });
  const thrown: unknown = await unreachable.sendTest().catch((error: unknown) => error);
  expect(String(thrown)).toMatch(/cannot be reached.*alerts\.webhook/);
  const stored = await database.query('SELECT alerts::text FROM ledger.alerts');
  for (const text of [logged, JSON.stringify(stored), String(thrown), JSON.stringify(thrown)]) {
    expect(text).not.toContain('xoxb5ecret');
  }
  expect(logged).toContain('it answered 404');
});

test('a process that dies while it tells is replaced, and one that is slow is not doubled', async () => {
  await expectUnits([unitOf(1)]);
  await fail(unitOf(1), MALFORMED);
  await warehouse.alerts.refresh(NOW, { lostSoonDays: 7 });
  expect((await warehouse.alerts.claim(NOW))?.opened).toHaveLength(1);
  expect(await openTeller().tell()).toEqual({ opened: 0, recovered: 0 });
  await database.query(`UPDATE ledger.alerts SET claimed_until = now() - interval '1 second'`);
  expect(await openTeller().tell()).toEqual({ opened: 1, recovered: 0 });
});

test('reports that the vendor drops in a few days are told, freshly expected ones are not', async () => {
  await expectUnits([unitOf(85), unitOf(86)], 5);
  const teller = openTeller();
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  await warehouse.ledger.recordWaiting(unitOf(85), NOW, 'The vendor is still making it.');
  expect(await teller.tell()).toEqual({ opened: 1, recovered: 0 });
  expect(webhook.received[0]?.alerts[0]).toMatchObject({
    kind: 'lost-soon',
    expires_at: '2026-11-26T04:30:00.000Z',
    message: expect.stringContaining('2026-11-26 04:30 UTC: The vendor is still making it.'),
  });
  clock.advance(61 * MINUTE_MS);
  expect(await teller.tell()).toEqual({ opened: 1, recovered: 0 });
  expect(await openTeller({ lostSoonDays: 3 }).tell()).toEqual({ opened: 0, recovered: 0 });
});

test('a report that is lost in the end is told as lost, not as recovered', async () => {
  await expectUnits([unitOf(85)], 5);
  await warehouse.ledger.recordWaiting(unitOf(85), NOW, 'No.');
  const teller = openTeller();
  await teller.tell();
  await warehouse.ledger.recordLost(unitOf(85), 'The vendor no longer keeps it.');
  expect(await teller.tell()).toEqual({ opened: 1, recovered: 0 });
  expect(webhook.received[1]).toMatchObject({ alerts: [{ kind: 'lost' }], resolved: 0 });
  clock.advance(8 * 24 * 60 * MINUTE_MS);
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  expect(await warehouse.alerts.findOpen()).toEqual([]);
});

test('late reports and held revisions are told while their findings are open', async () => {
  await expectUnits([unitOf(1), unitOf(2)]);
  await warehouse.ledger.recordLate(
    [{ unit: unitOf(1), dueAt: NOW, expiresAt: new Date('2027-02-01'), reason: 'Not listed.' }],
    NOW,
  );
  await database.query(
    `INSERT INTO ledger.findings (account, dataset, report_key, kind, message) VALUES ('default', 'imgix.cdn_logs', $1, 'shrunk', '3 rows instead of 900')`,
    [unitOf(2).reportKey],
  );
  const teller = openTeller();
  expect(await teller.tell()).toEqual({ opened: 2, recovered: 0 });
  expect(webhook.received[0]?.alerts.map(({ kind }) => kind).sort()).toEqual(['late', 'shrunk']);
  await load();
  await database.query('UPDATE ledger.findings SET resolved_at = now()');
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 2 });
});

test('a new column is told once, and ends with its mapping', async () => {
  const add = (action: string) =>
    database.query(
      `INSERT INTO ledger.schema_changes (dataset, column_name, header, action, type, report_key) VALUES ('imgix.cdn_logs', 'pop', 'POP', $1, 'text', 'cdn_logs_20261120')`,
      [action],
    );
  await add('added');
  const teller = openTeller();
  expect(await teller.tell()).toEqual({ opened: 1, recovered: 0 });
  expect(webhook.received[0]?.alerts[0]).toMatchObject({
    kind: 'schema-drift',
    column: 'pop',
    report_key: null,
  });
  await add('retyped');
  clock.advance(MINUTE_MS);
  await database.query('UPDATE ledger.schema_changes SET created_at = $1', [clock.now()]);
  await database.query(`UPDATE ledger.schema_changes SET created_at = $1 WHERE action = 'added'`, [
    new Date(0),
  ]);
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 0 });
  expect(await warehouse.alerts.findOpen()).toEqual([]);
});

test('a source that cannot be asked is told, and that it can be again', async () => {
  const source = { vendor: 'imgix', account: 'default' };
  const refused = new ConfigError('source.auth-rejected', 'The vendor does not accept the key.');
  const teller = openTeller({ format: 'slack' });
  for (let tick = 0; tick < 3; tick += 1) {
    await warehouse.alerts.recordSource(source, refused.message, clock.now());
    await teller.tell();
  }
  expect(webhook.received.map(({ text }) => text)).toEqual([
    '*edgeledger: 1 failed*\n• Failed: the source imgix (default): The vendor does not accept the key.',
  ]);
  await warehouse.alerts.recordSource(source, undefined, clock.now());
  expect(await teller.tell()).toEqual({ opened: 0, recovered: 1 });
  expect(webhook.received[1]?.text).toContain('No longer failed: the source imgix (default)');
});

test('what a vendor sends can neither mention a channel nor carry a signed link out', async () => {
  await expectUnits([unitOf(1)]);
  const message =
    'Found <!channel> & https://files.example/a?X-Goog-Signature=5ad0 token=abc Bearer abcdef12\u001b[2J';
  await fail(unitOf(1), new ContractError('file.malformed', message));
  await openTeller({ format: 'slack' }).tell();
  await openTeller({ format: 'json' }).sendTest();
  const text = webhook.received[0]?.text ?? '';
  expect(text).toContain('&lt;!channel&gt; &amp; [url] token=[secret] Bearer [secret]');
  for (const part of ['5ad0', 'abcdef', '\u001b']) expect(text).not.toContain(part);
  expect(webhook.received[1]).toMatchObject({ alerts: [{ message: expect.stringContaining('test') }] });
});
