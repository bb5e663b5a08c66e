import { until } from '@edgeledger/testkit';
import { expect, test } from 'vitest';
import { findUnitJobs, fromUnitPayload } from '../src/index.ts';
import { describeOnBackends, unitOf } from './harness.ts';

await describeOnBackends('what people ask for', (harness) => {
  const unit = unitOf('2026-11-20');
  const key = fromUnitPayload(unit);

  test('a unit that waits for a later time runs now when it is urgent, and only then', async () => {
    let runs = 0;
    const consumer = harness.consume({
      'load.unit': async () => {
        runs += 1;
        if (runs > 1) return { kind: 'done' };
        return { kind: 'waiting', until: new Date(Date.now() + 3_600_000), reason: 'not there yet' };
      },
    });
    await harness.producer.enqueueUnits([unit]);
    await until('it waits', async () => (await harness.producer.counts()).imgix.delayed === 1);
    expect(await harness.producer.enqueueUnits([unit])).toEqual({ added: 0, alreadyQueued: 1 });
    await consumer.idle({ pollMs: 10 });
    expect(runs).toBe(1);
    const [waiting] = await findUnitJobs(harness.backend, key, []);
    expect(waiting).toMatchObject({ name: 'load.unit', state: 'delayed', queue: 'edgeledger-imgix' });
    expect(waiting?.delayedUntil?.getTime()).toBeGreaterThan(Date.now() + 3_000_000);

    const asked = await harness.producer.enqueueUnits([unit], { isUrgent: true });
    expect(asked).toEqual({ added: 0, alreadyQueued: 1, promoted: 1 });
    await until('it ran again', () => runs === 2);
    await consumer.idle({ pollMs: 10 });
    expect(await harness.producer.enqueueUnits([unit], { isUrgent: true })).toMatchObject({
      added: 1,
      promoted: 0,
    });
  });

  test('a confirmation is added beside a load of the same unit, and once', async () => {
    const confirmed = { ...unit, confirmedRevision: 'r2' };
    expect(await harness.producer.enqueueUnits([unit])).toMatchObject({ added: 1 });
    expect(await harness.producer.enqueueUnits([confirmed])).toMatchObject({ added: 1 });
    expect(await harness.producer.enqueueUnits([confirmed, unit])).toMatchObject({ alreadyQueued: 2 });
    expect(await findUnitJobs(harness.backend, key, [])).toHaveLength(2);
    const seen: (string | undefined)[] = [];
    const consumer = harness.consume({
      'load.unit': async (payload) => {
        seen.push(payload.confirmedRevision);
        return { kind: 'done' };
      },
    });
    await consumer.idle({ pollMs: 10 });
    expect(seen.sort()).toEqual(['r2', undefined]);
  });

  test('a confirmation stays with a report through its parts', async () => {
    const seen: unknown[] = [];
    const consumer = harness.consume({
      'stage.part': async (part) => {
        seen.push(['part', part.confirmedRevision]);
        return { kind: 'done' };
      },
      'publish.report': async (report) => {
        seen.push(['report', report.confirmedRevision]);
        return { kind: 'done' };
      },
    });
    await harness.producer.enqueueReport({
      unit: { ...unit, confirmedRevision: 'r2' },
      loadId: '7',
      vendorReportId: null,
      revision: 'r2',
      partCount: 1,
      parts: [{ partNo: 1, partName: '/a' }],
    });
    await consumer.idle({ pollMs: 10 });
    expect(seen).toEqual([
      ['part', 'r2'],
      ['report', 'r2'],
    ]);
    expect(await findUnitJobs(harness.backend, key, ['7', '8'])).toMatchObject([
      { name: 'publish.report', state: 'completed' },
    ]);
  });

  test('the jobs of a unit are found while they wait and after they ended, and those of others are not', async () => {
    await harness.producer.enqueueUnits([unit, unitOf('2026-11-02')]);
    expect(await findUnitJobs(harness.backend, key, [])).toHaveLength(1);
    const consumer = harness.consume({ 'load.unit': async () => ({ kind: 'done' }) });
    await consumer.idle({ pollMs: 10 });
    const [ended, ...others] = await findUnitJobs(harness.backend, key, []);
    expect(ended).toMatchObject({ state: 'completed', failedReason: undefined, delayedUntil: undefined });
    expect(ended?.jobId).toMatch(/^load\.unit~.*~cdn_logs_20261120~/);
    expect(others).toEqual([]);
  });
});
