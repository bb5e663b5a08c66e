import { DEFAULT_SHRINK_LIMITS, type PublishRequest, type UnitRef } from '@edgeledger/core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { LOG_COLUMNS, openLoading } from './loading.ts';
import { LOGS, NOW, publishRequest, rejectOf, stageAll } from './sample-reports.ts';

const loading = await openLoading();
const { database, warehouse, unit, rowsOf } = loading;
beforeEach(loading.startTest);
afterAll(loading.close);

const guard = { ...DEFAULT_SHRINK_LIMITS, isLook: true };
const later = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);

async function publish(target: UnitRef, rows: number, change: Partial<PublishRequest>) {
  const load = await warehouse.loader.begin(target, LOGS);
  const part = {
    columns: LOG_COLUMNS,
    rows: Array.from({ length: rows }, (_, index) => [`/${index}`, '1']),
    rejects: [rejectOf(rows + 2)],
  };
  await stageAll(load, [part]);
  const result = await load.publish(publishRequest({ shrinkGuard: guard, ...change }));
  // a worker that died before it acknowledged asks again
  expect(await load.publish(publishRequest({ shrinkGuard: guard, ...change }))).toMatchObject({
    outcome: result.outcome,
    ...(result.held && { held: { rows: result.held.rows, visibleRows: result.held.visibleRows } }),
  });
  return result;
}

const openFindings = (target: UnitRef) =>
  database.query<{ kind: string; details: { rows: number; visibleRows: number } }>(
    'SELECT kind, details FROM ledger.findings WHERE report_key = $1 AND resolved_at IS NULL',
    [target.reportKey],
  );

describe('the shrink guard', () => {
  it.each([0, 90])('keeps the rows of a report that comes back with %i of 200', async (rows) => {
    const target = unit(LOGS);
    await publish(target, 200, { revision: 'r1' });
    const before = await rowsOf(target);
    const held = await publish(target, rows, { revision: 'r2', now: later(5) });
    expect(held).toMatchObject({ outcome: 'held', rowsDeleted: 0, held: { rows, visibleRows: 200 } });
    expect(await rowsOf(target)).toEqual(before);
    expect(await warehouse.ledger.findUnit(target)).toMatchObject({
      state: 'held',
      rows: 200,
      revision: 'r1',
      heldRevision: 'r2',
      nextCheckAt: later(6),
    });
    expect(await openFindings(target)).toMatchObject([
      { kind: 'shrunk', details: { rows, visibleRows: 200 } },
    ]);
    expect(await loading.stagingTables()).toBe(0);
  });

  it('lets a second look that comes too early, or that is a copy, confirm nothing', async () => {
    const target = unit(LOGS);
    await publish(target, 200, { revision: 'r1' });
    await publish(target, 10, { revision: 'r2', now: later(5) });
    expect((await publish(target, 10, { revision: 'r2', now: later(5.5) })).outcome).toBe('held');
    const copy = { ...guard, isLook: false };
    expect((await publish(target, 10, { revision: 'r2', now: later(60), shrinkGuard: copy })).outcome).toBe(
      'held',
    );
    expect(await openFindings(target)).toHaveLength(1);
    // three looks at one content are one revision
    const revisions = await database.query(
      'SELECT outcome, rows::int, previous_rows::int FROM ledger.revisions',
    );
    expect(revisions.filter((row) => row.rows === 10)).toEqual([
      { outcome: 'held', rows: 10, previous_rows: 200 },
    ]);
  });

  it('replaces the rows when a later look finds the same, and resolves the finding', async () => {
    const target = unit(LOGS);
    await publish(target, 200, { revision: 'r1' });
    await publish(target, 10, { revision: 'r2', now: later(5) });
    const confirmed = await publish(target, 10, { revision: 'r2', now: later(6) });
    expect(confirmed).toMatchObject({ outcome: 'published', rowsDeleted: 200, rowsInserted: 10 });
    expect(await warehouse.ledger.findUnit(target)).toMatchObject({
      state: 'loaded',
      rows: 10,
      revision: 'r2',
      heldRevision: null,
    });
    expect(await openFindings(target)).toEqual([]);
  });

  it('begins anew when the second look finds other content', async () => {
    const target = unit(LOGS);
    await publish(target, 200, { revision: 'r1' });
    await publish(target, 10, { revision: 'r2', now: later(5) });
    const other = await publish(target, 11, { revision: 'r3', now: later(60) });
    expect(other).toMatchObject({ outcome: 'held', held: { confirmableAt: later(61) } });
    expect(await openFindings(target)).toMatchObject([{ details: { rows: 11 } }]);
  });

  it('lets the whole report come back, unchanged', async () => {
    const target = unit(LOGS);
    await publish(target, 200, { revision: 'r1' });
    await publish(target, 10, { revision: 'r2', now: later(5) });
    expect(await publish(target, 200, { revision: 'r3', now: later(6) })).toMatchObject({
      outcome: 'unchanged',
    });
    expect(await warehouse.ledger.findUnit(target)).toMatchObject({ state: 'loaded', rows: 200 });
    expect(await openFindings(target)).toEqual([]);
  });

  it('passes a report that shrinks a little, one of few rows, and one that a person confirmed', async () => {
    const target = unit(LOGS);
    await publish(target, 200, { revision: 'r1' });
    expect((await publish(target, 101, { revision: 'r2' })).outcome).toBe('published');
    expect((await publish(target, 2, { revision: 'r3' })).outcome).toBe('published');
    await publish(target, 300, { revision: 'r4' });
    const load = await warehouse.loader.begin(target, LOGS);
    await stageAll(load, [{ columns: LOG_COLUMNS, rows: [['/a', '1']] }]);
    expect(await load.publish(publishRequest({ revision: 'r5' }))).toMatchObject({
      outcome: 'published',
      rowsInserted: 1,
      rowsDeleted: 300,
    });
  });
});

describe('lateness', () => {
  const late = (target: UnitRef) => ({
    unit: target,
    dueAt: NOW,
    expiresAt: later(60 * 24 * 90),
    reason: 'imgix does not list the report yet.',
  });

  it('is one finding however often it is noticed, and over when the unit arrives', async () => {
    const target = unit(LOGS);
    await warehouse.ledger.recordWaiting(target, later(60), 'not yet');
    await warehouse.ledger.recordLate([late(target)], later(480));
    await warehouse.ledger.recordLate([late(target)], later(540));
    const [finding, ...more] = (await warehouse.questions.unit(target))?.findings ?? [];
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ kind: 'late', created_at: later(480), resolved_at: null });
    expect(finding?.message).toMatch(/Due since 2026-11-21 04:30 UTC .* until 2027-02-19 04:30 UTC/);
    await publish(target, 3, {});
    expect(await openFindings(target)).toEqual([]);
  });

  it('is not said of a unit whose rows are visible', async () => {
    const target = unit(LOGS);
    await publish(target, 3, {});
    await warehouse.ledger.recordLate([late(target)], later(480));
    expect(await openFindings(target)).toEqual([]);
  });

  it('ends in lost, with the date', async () => {
    const target = unit(LOGS);
    const expected = { ...target, expiresAt: later(1000), dueAt: NOW };
    await warehouse.ledger.recordExpected([expected], NOW);
    await warehouse.ledger.recordLate([late(target)], later(480));
    await warehouse.ledger.recordExpired('default', ['imgix.cdn_logs'], later(1001));
    expect(await openFindings(target)).toMatchObject([{ kind: 'lost' }]);
    expect(await warehouse.ledger.findUnit(target)).toMatchObject({
      state: 'lost',
      errorMessage: 'The vendor kept it until 2026-11-21 21:10 UTC.',
    });
  });
});
