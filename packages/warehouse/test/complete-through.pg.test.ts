import { afterAll, beforeEach, expect, it } from 'vitest';
import { openLoading } from './loading.ts';

const { database, startTest, close } = await openLoading();
beforeEach(startTest);
afterAll(close);

it('gives the end of what is whole, per account, and NULL for what is not known', async () => {
  await database.query(
    `INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end, state, available_at, loaded_at)
     VALUES ('default', 'imgix.cdn_logs', 'cdn_logs_20261001', '2026-10-01Z', '2026-10-02Z', 'loaded', now(), now()),
            ('default', 'imgix.cdn_logs', 'cdn_logs_20261002', '2026-10-02Z', '2026-10-03Z', 'failed', NULL, NULL),
            ('shop', 'imgix.cdn_logs', 'cdn_logs_20261005', '2026-10-05Z', '2026-10-06Z', 'loaded', now(), now())`,
  );
  const [row] = await database.query(
    `SELECT ledger.complete_through('imgix.cdn_logs') AS own, ledger.complete_through('imgix.cdn_logs', 'shop') AS shop,
       ledger.complete_through('imgix.cdn_log') AS unknown`,
  );
  expect(row).toEqual({
    own: new Date('2026-10-02T00:00:00Z'),
    shop: new Date('2026-10-06T00:00:00Z'),
    unknown: null,
  });
});

it('is for readers, also where nobody else may call functions', async () => {
  await database.query('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC');
  const [row] = await database.query(
    `SELECT has_function_privilege('edgeledger_reader', 'ledger.complete_through(text, text)', 'EXECUTE') AS may`,
  );
  expect(row).toEqual({ may: true });
});
