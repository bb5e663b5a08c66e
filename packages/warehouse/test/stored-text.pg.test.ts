import { ContractError, type EdgeledgerError, type Finding, Secret } from '@edgeledger/core';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { LOG_COLUMNS, openLoading } from './loading.ts';
import { LOGS, NOW, partOf, publishRequest } from './sample-reports.ts';

/* What a vendor says ends in messages of the ledger. Postgres refuses some of it, and people read all of it at a terminal. */

const SECRET = 'planted0ledger0word';
const SAID = `It says x\0y\ud800\u001b[2J\n\u202e ${SECRET} token=5ad0f1e2.`;
const KEPT = 'It says x\\u{0}y\\u{d800}\\u{1b}[2J\\n\\u{202e} [secret] token=[secret]';

const loading = await openLoading();
const { database, warehouse, unit } = loading;
beforeEach(() => {
  loading.startTest();
  new Secret(SECRET);
});
afterAll(loading.close);

/** An error of an older version, or one that was put together by somebody who did not know. */
function rawError(): EdgeledgerError {
  const error = new ContractError('file.malformed', 'x');
  Object.defineProperty(error, 'message', { value: SAID });
  return error;
}

const messageOf = async (reportKey: string) =>
  (
    await database.query<{ error_message: string; state: string }>(
      'SELECT error_message, state FROM ledger.units WHERE report_key = $1',
      [reportKey],
    )
  )[0];

it('a load fails for good whatever its error says', async () => {
  for (const error of [new ContractError('file.malformed', SAID), rawError()]) {
    const target = unit(LOGS);
    const load = await warehouse.loader.begin(target, LOGS);
    await load.fail(error, NOW);
    expect(await messageOf(target.reportKey)).toEqual({
      state: 'failed',
      error_message: expect.stringContaining(KEPT),
    });
  }
});

it('what fails, waits, is late or is lost before a load is recorded whatever the reason says', async () => {
  const target = unit(LOGS);
  const { ledger } = warehouse;
  await ledger.recordFailure(target, rawError(), NOW);
  expect((await messageOf(target.reportKey))?.error_message).toContain(KEPT);
  await ledger.recordWaiting(target, NOW, SAID);
  expect((await messageOf(target.reportKey))?.error_message).toContain(KEPT);
  await ledger.recordLate([{ unit: target, dueAt: NOW, expiresAt: NOW, reason: SAID }], NOW);
  await ledger.recordLost(target, SAID);
  const findings = await database.query<{ kind: string; message: string }>(
    'SELECT kind, message FROM ledger.findings WHERE report_key = $1 ORDER BY kind',
    [target.reportKey],
  );
  expect(findings.map(({ kind }) => kind)).toEqual(['late', 'lost']);
  for (const { message } of findings) expect(message).toContain(KEPT);
});

it('findings of a part are published whatever they quote, once', async () => {
  const finding = { kind: 'truncated', message: SAID, details: { said: [SAID] } } as unknown as Finding;
  const target = unit(LOGS);
  for (let reading = 0; reading < 2; reading += 1) {
    const load = await warehouse.loader.begin(target, LOGS);
    await load.stagePart(0, 'a', partOf({ columns: LOG_COLUMNS, rows: [['/a', '1']] }));
    await load.publish({ ...publishRequest(), findings: [finding] });
  }
  const found = await database.query<{ message: string; details: { said: string[] } }>(
    'SELECT message, details FROM ledger.findings WHERE report_key = $1',
    [target.reportKey],
  );
  expect(found).toHaveLength(1);
  expect(found[0]?.message).toContain(KEPT);
  expect(found[0]?.details.said[0]).toContain(KEPT);
});

it('alerts and the log of actions take any text', async () => {
  await warehouse.alerts.recordSource({ vendor: 'imgix', account: 'default' }, SAID, NOW);
  expect((await warehouse.alerts.findOpen())[0]?.message).toContain(KEPT);
  const action = await warehouse.actions.begin({ person: 'ed', kind: 'reload', details: { said: SAID } });
  await warehouse.actions.finish(action, 'failed', SAID);
  expect(await warehouse.actions.find(action)).toMatchObject({
    message: expect.stringContaining(KEPT),
    details: { said: expect.stringContaining(KEPT) },
  });
});
