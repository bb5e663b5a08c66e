import { type DiscoverRange, type ExpectedUnit, type Source, toUnitId } from '@edgeledger/core';
import { describe, expect, test } from 'vitest';
import { contextAt, readUnit } from './read-unit.ts';

export interface SourceUnderTest {
  readonly source: Source;
  readonly now: Date;
  /** Days that are complete at the vendor. */
  readonly range: DiscoverRange;
}

/** What every source must hold, whatever its vendor. `open` gives a source and a range with complete units. */
export function runSourceContract(name: string, open: () => Promise<SourceUnderTest>): void {
  describe(`${name} as a source`, () => {
    test('lists every unit of the range once, the same each time', async () => {
      const { source, now, range } = await open();
      const units = await source.discover(range, contextAt(now));
      expect(units.length).toBeGreaterThan(0);
      expect(new Set(units.map(toUnitId)).size).toBe(units.length);
      expect(await source.discover(range, contextAt(now))).toEqual(units);
      for (const unit of units) assertUnit(source, unit, range);
      expect(source.estimateRequests(units)).toBeGreaterThanOrEqual(0);
      await source.close();
    });

    test('lists only the datasets asked for', async () => {
      const { source, now, range } = await open();
      for (const { name: dataset } of source.datasets) {
        const units = await source.discover({ ...range, datasets: [dataset] }, contextAt(now));
        expect(new Set(units.map((unit) => unit.dataset))).toEqual(new Set([dataset]));
      }
      await source.close();
    });

    test('reads every complete unit, twice alike', async () => {
      const { source, now, range } = await open();
      const context = contextAt(now);
      for (const unit of await source.discover(range, context)) {
        const parts = await readUnit(source, unit, context);
        expect(parts.length).toBeGreaterThan(0);
        for (const part of parts) {
          expect(part.name).not.toMatch(/[?]/);
          expect(part.facts.sha256).toMatch(/^[0-9a-f]{64}$/);
          expect(part.facts.availability).toEqual({ kind: 'complete' });
          expect(part.rejects).toEqual([]);
          for (const row of part.rows) expect(row.values).toHaveLength(part.columns.length);
          expect(part.rows.map(({ rowNo }) => rowNo)).toEqual(part.rows.map((_, index) => index + 1));
        }
        const again = await readUnit(source, unit, context);
        expect(again.map(({ rows }) => rows)).toEqual(parts.map(({ rows }) => rows));
      }
      await source.close();
    });

    test('stops with the reason of the signal, and closing twice is harmless', async () => {
      const { source, now, range } = await open();
      const context = contextAt(now);
      const [unit] = await source.discover(range, context);
      if (unit === undefined) throw new Error('no unit');
      const readiness = await source.check(unit, context);
      if (readiness.kind !== 'ready' || readiness.parts[0] === undefined) throw new Error('not ready');
      const reason = new Error('stop now');
      const read = async () => {
        const stopping = { ...context, signal: AbortSignal.abort(reason) };
        const [part] = readiness.parts;
        if (part === undefined) return;
        const parsed = await source.parse(unit, await source.open(unit, part, stopping), stopping);
        for await (const _ of parsed.batches);
      };
      await expect(read()).rejects.toSatisfy(
        (thrown: unknown) => thrown === reason || (thrown instanceof Error && thrown.cause === reason),
      );
      const opened = await source.open(unit, readiness.parts[0], context);
      opened.destroy();
      opened.destroy();
      await source.close();
      await source.close();
    });
  });
}

function assertUnit(source: Source, unit: ExpectedUnit, range: DiscoverRange): void {
  expect(unit.account).toBe(source.account);
  expect(source.datasets.map(({ name }) => name)).toContain(unit.dataset);
  const day = unit.period.start.toISOString().slice(0, 10);
  expect(day >= range.from && day <= range.to).toBe(true);
  expect(unit.period.end > unit.period.start).toBe(true);
  expect(unit.expiresAt > unit.period.end).toBe(true);
}
