import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestDatabase, findChromium, NO_CHROMIUM, type TestDatabase } from '@edgeledger/testkit';
import type { Browser } from 'playwright-core';
import { expect, test } from 'vitest';
import { ACCOUNT, DAYS, type DemoSite, openDemoSite, SITE_NOW, toKey } from './demo-site.ts';
import { openBrowser, openVisitor } from './visitor.ts';

/*
 * Makes docs/screenshots/*.png anew, from the emulated vendors at a fixed time: a picture changes when its page does.
 */

const FOLDER = join(import.meta.dirname, '../../../../docs/screenshots');
const LOADED_DAYS = 75;

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly width: 360 | 1440;
  readonly height: number;
  readonly scheme?: 'dark';
}

function listShots(site: DemoSite): readonly Shot[] {
  const unit = (days: number) => `/unit/${ACCOUNT}/imgix.cdn_logs/${toKey('cdn_logs', site.daysAgo(days))}`;
  return [
    { name: 'coverage', path: '/', width: 1440, height: 900 },
    { name: 'coverage-dark', path: '/', width: 1440, height: 560, scheme: 'dark' },
    { name: 'coverage-phone', path: '/', width: 360, height: 900 },
    { name: 'coverage-year', path: '/?days=365', width: 1440, height: 720 },
    { name: 'coverage-year-phone', path: '/?days=365', width: 360, height: 900 },
    { name: 'report-missing', path: unit(DAYS.failed), width: 1440, height: 620 },
    { name: 'report-missing-phone', path: unit(DAYS.failed), width: 360, height: 900 },
    { name: 'charts', path: '/charts?month=2026-11', width: 1440, height: 640 },
    { name: 'charts-phone', path: '/charts?month=2026-11', width: 360, height: 900 },
    { name: 'columns', path: '/schema', width: 1440, height: 560 },
  ];
}

const NOW = `timestamptz '${SITE_NOW.toISOString()}'`;
const DUE = `least(period_end + interval '4 hours 5 minutes', ${NOW} - interval '7 minutes')`;

/**
 * Of the days before those that are loaded only the ledger knows, and Postgres notes times by its own clock: they are put
 * where they belong on the site's.
 */
const PREPARE_SQL = `
INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end, state, rows, rejects, settled_at, loaded_at, available_at,
  expires_at, attempts, error_code, error_message)
SELECT account, dataset, regexp_replace(report_key, '\\d{8}$', to_char(period_start - ago * interval '1 day', 'YYYYMMDD')),
  period_start - ago * interval '1 day', period_end - ago * interval '1 day', kind, CASE kind WHEN 'loaded' THEN 300 + ago % 90 END,
  CASE kind WHEN 'loaded' THEN 0 END, CASE kind WHEN 'loaded' THEN ${NOW} END, CASE kind WHEN 'loaded' THEN ${NOW} END, ${NOW},
  period_end - ago * interval '1 day' + interval '90 days', CASE kind WHEN 'failed' THEN 4 ELSE 1 END,
  CASE kind WHEN 'failed' THEN 'source.truncated' WHEN 'lost' THEN 'source.gone' END,
  CASE kind WHEN 'failed' THEN 'Reading part-00000.csv.gz: the file ended in the middle of a record.'
    WHEN 'lost' THEN 'The vendor kept it until 90 days after its day.' END
FROM ledger.units, generate_series(${LOADED_DAYS - 1}, 340) AS ago, LATERAL (SELECT CASE
    WHEN dataset = 'imgix.mild_errors' AND ago BETWEEN 131 AND 134 THEN 'lost'
    WHEN dataset = 'imgix.image_analytics' AND ago = 80 THEN 'failed'
    ELSE 'loaded' END AS kind) AS kinds
WHERE period_start = date_trunc('day', ${NOW}, 'UTC') - interval '2 days';
UPDATE ledger.units SET first_seen_at = ${DUE} - interval '4 hours',
  loaded_at = CASE WHEN loaded_at IS NOT NULL THEN ${DUE} END,
  available_at = CASE WHEN available_at IS NOT NULL THEN ${DUE} - interval '1 minute' END,
  settled_at = CASE WHEN settled_at IS NOT NULL THEN ${DUE} END;
UPDATE ledger.loads SET started_at = ${DUE} + loads.load_id % 40 * interval '1 second',
  finished_at = ${DUE} + loads.load_id % 40 * interval '1 second' + (200 + loads.load_id * 37 % 900) * interval '1 millisecond'
FROM ledger.units WHERE units.unit_id = loads.unit_id;
UPDATE ledger.findings SET created_at = ${DUE} FROM ledger.units
WHERE units.report_key = findings.report_key AND units.dataset = findings.dataset;
UPDATE ledger.schema_changes SET created_at = ${DUE} FROM ledger.units
WHERE units.report_key = schema_changes.report_key AND units.dataset = schema_changes.dataset;
UPDATE ledger.units SET error_message = regexp_replace(error_message, 'http://127[^/]*', 'https://storage.googleapis.com', 'g');
UPDATE ledger.findings SET message = regexp_replace(message, 'http://127[^/]*', 'https://storage.googleapis.com', 'g');
INSERT INTO ledger.actions (person, kind, account, dataset, report_key, details, requested_at, finished_at, outcome, message)
VALUES
  ('dana', 'backfill', NULL, NULL, NULL, '{"sources": ["imgix-demo"], "from": "2026-09-07", "to": "2026-09-30"}', ${NOW} - interval '3 days', ${NOW}, 'done',
   'Handed to the queue: a worker plans 2026-09-07 to 2026-09-30 for imgix-demo and loads what is missing.'),
  ('dana', 'reload', 'demo', 'imgix.cdn_logs', 'cdn_logs_20261114', '{}', ${NOW} - interval '26 hours', ${NOW}, 'done',
   'Handed to the queue: 1 report, read as soon as a worker is free.'),
  ('lee', 'queue', NULL, NULL, NULL, '{"method": "PUT", "path": "queues/edgeledger-imgix/pause"}', ${NOW} - interval '4 hours', ${NOW}, 'done', 'answered with 200'),
  ('lee', 'retry', 'demo', NULL, NULL, '{}', ${NOW} - interval '20 minutes', ${NOW}, 'done', 'Handed to the queue: 2 reports, read as soon as a worker is free.');`;

async function take(browser: Browser, site: DemoSite, shot: Shot): Promise<void> {
  const { name, path, width, height, scheme } = shot;
  await using visitor = await openVisitor(browser, site.url, {
    viewport: { width, height },
    colorScheme: scheme ?? 'light',
    reducedMotion: 'reduce',
  });
  await visitor.page.goto(path);
  await visitor.page.screenshot({ path: join(FOLDER, `${name}.png`) });
  expect(visitor.complaints).toEqual([]);
}

test('pictures of the pages', async () => {
  const binary = await findChromium(process.env.PATH ?? '');
  if (binary === undefined) expect.fail(NO_CHROMIUM);
  await mkdir(FOLDER, { recursive: true });
  await using database: TestDatabase = await createTestDatabase();
  await using site = await openDemoSite({
    databaseUrl: database.connectionString,
    days: LOADED_DAYS,
    worker: 'idle',
    prepare: async () => {
      await database.query(PREPARE_SQL);
    },
  });
  const browser = await openBrowser(binary);
  try {
    for (const shot of listShots(site)) await take(browser, site, shot);
  } finally {
    await browser.close();
  }
});
