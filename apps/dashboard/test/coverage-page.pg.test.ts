import { dayPeriod, type ExpectedUnit, parseUtcDay, silentLogger } from '@edgeledger/core';
import { createTestDatabase } from '@edgeledger/testkit';
import { createWarehouse } from '@edgeledger/warehouse';
import { expect, test } from 'vitest';
import { createDashboard } from '../src/index.ts';
import { createOperatorSpy } from './empty-warehouse.ts';

test('the page shows what the ledger says', async () => {
  await using database = await createTestDatabase();
  await using warehouse = await createWarehouse({ connectionString: database.connectionString });
  const now = new Date('2026-11-21T10:00:00Z');
  const day = (text: string): ExpectedUnit => ({
    account: 'default',
    dataset: 'imgix.cdn_logs',
    reportKey: `cdn_logs_${text.replaceAll('-', '')}`,
    period: dayPeriod(parseUtcDay(text, 'day')),
    dueAt: now,
    expiresAt: new Date(now.getTime() + 5.5 * 86_400_000),
  });
  const [lost, waiting] = [day('2026-11-18'), day('2026-11-19')];
  await warehouse.ledger.recordExpected([lost, waiting, day('2026-11-20')], now);
  await warehouse.ledger.recordWaiting(waiting, now, 'not completed <yet>');
  await warehouse.ledger.recordLost(lost, 'older than 90 days');

  const dashboard = await createDashboard({
    queues: [],
    warehouse,
    operator: createOperatorSpy(),
    findJobs: async () => [],
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
    version: '0.1.0',
    isReady: async () => ({ ok: true, checks: [] }),
    clock: { now: () => new Date('2026-11-21T10:00:00Z') },
  });
  try {
    const response = await fetch(dashboard.url);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain('title="2026-11-18 imgix.cdn_logs: lost, 0 rows"');
    expect(page).toContain('title="2026-11-19 imgix.cdn_logs: waiting, 0 rows, 5 days left"');
    expect(page).toContain('title="2026-11-20 imgix.cdn_logs: expected, 0 rows, 5 days left"');
    expect(page).toContain('not completed &lt;yet&gt;');
    expect(page).toContain('<span class="urgent">2 open, 5 d</span>');
    expect(page).toContain('1 lost');
  } finally {
    await dashboard.close();
  }
});
