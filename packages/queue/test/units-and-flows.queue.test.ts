import { ContractError, createManualClock } from '@edgeledger/core';
import { until } from '@edgeledger/testkit';
import { expect, test } from 'vitest';
import { describeOnBackends, unitOf } from './harness.ts';

await describeOnBackends('units, ticks and flows', (harness) => {
  test('a unit that waits or runs is not added again, and is once it is done', async () => {
    const unit = unitOf('2026-11-20');
    expect(await harness.producer.enqueueUnits([unit, unitOf('2026-11-19')])).toEqual({
      added: 2,
      alreadyQueued: 0,
    });
    expect(await harness.producer.enqueueUnits([unit])).toEqual({ added: 0, alreadyQueued: 1 });
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const consumer = harness.consume({
      'load.unit': async () => {
        runs += 1;
        await gate.promise;
        return { kind: 'done' };
      },
    });
    await until('both units run', () => runs === 2);
    expect(await harness.producer.enqueueUnits([unit])).toEqual({ added: 0, alreadyQueued: 1 });
    gate.resolve();
    await consumer.idle({ pollMs: 10 });
    expect(runs).toBe(2);
    expect(await harness.producer.enqueueUnits([unit])).toEqual({ added: 1, alreadyQueued: 0 });
    await consumer.idle({ pollMs: 10 });
    expect(runs).toBe(3);
  });

  test('a unit may be given a time; asked for again it keeps that, and runs at once when it is urgent', async () => {
    const unit = unitOf('2026-11-20');
    const startAt = new Date(Date.now() + 3_600_000);
    expect(await harness.producer.enqueueUnits([unit], { startAt })).toEqual({ added: 1, alreadyQueued: 0 });
    expect(await harness.producer.enqueueUnits([unit])).toEqual({ added: 0, alreadyQueued: 1 });
    expect((await harness.producer.counts()).imgix).toMatchObject({ waiting: 0, delayed: 1 });
    let runs = 0;
    const consumer = harness.consume({
      'load.unit': async () => {
        runs += 1;
        return { kind: 'done' };
      },
    });
    await consumer.idle({ pollMs: 10 });
    expect(runs).toBe(0);
    expect(await harness.producer.enqueueUnits([unit], { isUrgent: true })).toMatchObject({ promoted: 1 });
    await consumer.idle({ pollMs: 10 });
    expect(runs).toBe(1);
  });

  test('one call may hold the same unit twice and more units than one round trip', async () => {
    const days = Array.from({ length: 600 }, (_, day) =>
      new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 10),
    );
    const units = days.map((day) => unitOf(day));
    const [first] = units;
    expect(first).toBeDefined();
    const twice = first === undefined ? [] : [first, ...units];
    expect(await harness.producer.enqueueUnits(twice)).toEqual({ added: 600, alreadyQueued: 1 });
    expect((await harness.producer.counts()).imgix.waiting).toBe(600);
  });

  test('newer days run first, and what has begun before any of them', async () => {
    const order: string[] = [];
    await harness.producer.enqueueUnits([unitOf('2026-09-01'), unitOf('2026-11-20'), unitOf('2026-10-10')]);
    await harness.producer.enqueueReport({
      unit: unitOf('2026-08-01'),
      loadId: '7',
      vendorReportId: null,
      revision: null,
      partCount: 1,
      parts: [{ partNo: 1, partName: '/a' }],
    });
    const done = async (label: string) => {
      order.push(label);
      return { kind: 'done' } as const;
    };
    const consumer = harness.consume(
      {
        'load.unit': (unit) => done(unit.reportKey),
        'stage.part': (part) => done(`part ${part.reportKey}`),
        'publish.report': (report) => done(`publish ${report.reportKey}`),
      },
      { concurrency: { imgix: 1 } },
    );
    await consumer.idle({ pollMs: 10 });
    expect(order).toEqual([
      'part cdn_logs_20260801',
      'publish cdn_logs_20260801',
      'cdn_logs_20261120',
      'cdn_logs_20261010',
      'cdn_logs_20260901',
    ]);
  });

  test('waiting costs no attempt and comes back in the time of the given clock', async () => {
    const clock = createManualClock(new Date('2099-01-01T00:00:00Z'));
    const attempts: number[] = [];
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    const consumer = harness.consume(
      {
        'load.unit': async (_unit, context) => {
          attempts.push(context.attempt);
          // far ahead of the system clock: taken as an instant of that one, the job would never come back
          const soon = new Date(clock.now().getTime() + 20);
          return attempts.length < 8 ? { kind: 'waiting', until: soon, reason: 'not yet' } : { kind: 'done' };
        },
      },
      { clock },
    );
    await until('eight runs', () => attempts.length === 8);
    await consumer.idle({ pollMs: 10 });
    expect(attempts).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect((await harness.producer.counts()).imgix).toMatchObject({ completed: 1, failed: 0, delayed: 0 });
  });

  test('a unit that waits long is reported as delayed, stays known, and lets the queue be idle', async () => {
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    const consumer = harness.consume({
      'load.unit': async () => ({
        kind: 'waiting',
        until: new Date(Date.now() + 3_600_000),
        reason: 'later',
      }),
    });
    await until('the unit is delayed', async () => (await harness.producer.counts()).imgix.delayed === 1);
    expect(await consumer.idle({ pollMs: 10 })).toEqual({ delayed: 1, failed: 0 });
    expect(await harness.producer.enqueueUnits([unitOf('2026-11-20')])).toEqual({
      added: 0,
      alreadyQueued: 1,
    });
  });

  test('a report is published once, after all its parts', async () => {
    const order: string[] = [];
    const report = {
      unit: unitOf('2026-11-20'),
      loadId: '42',
      vendorReportId: 'r-1',
      revision: null,
      partCount: 3,
      parts: [1, 2, 3].map((partNo) => ({ partNo, partName: `/part-${partNo}` })),
    };
    await harness.producer.enqueueReport(report);
    await harness.producer.enqueueReport(report);
    const consumer = harness.consume({
      'stage.part': async ({ partNo }) => {
        order.push(`part ${partNo}`);
        return { kind: 'done' };
      },
      'publish.report': async ({ partCount, loadId }) => {
        order.push(`publish ${partCount} of ${loadId}`);
        return { kind: 'done' };
      },
    });
    await until('it is published', () => order.length === 4);
    await consumer.idle({ pollMs: 10 });
    expect(order.slice(0, 3).sort()).toEqual(['part 1', 'part 2', 'part 3']);
    expect(order.slice(3)).toEqual(['publish 3 of 42']);
  });

  test('a failed part fails its report without publishing', async () => {
    const failed: [jobName: string, code: string][] = [];
    let published = false;
    await harness.producer.enqueueReport({
      unit: unitOf('2026-11-20'),
      loadId: '43',
      vendorReportId: null,
      revision: null,
      partCount: 2,
      parts: [1, 2].map((partNo) => ({ partNo, partName: `/part-${partNo}` })),
    });
    const consumer = harness.consume(
      {
        'stage.part': async ({ partNo }) => {
          if (partNo === 2) throw new ContractError('file.malformed', 'Part 2 is broken.');
          return { kind: 'done' };
        },
        'publish.report': async () => {
          published = true;
          return { kind: 'done' };
        },
      },
      { onFailed: ({ jobName, error }) => failed.push([jobName, error.code]) },
    );
    await until('part and report failed', () => failed.length === 2);
    await consumer.idle({ pollMs: 10 });
    // in any order, so that each has to know the reason
    expect(failed.sort()).toEqual([
      ['publish.report', 'file.malformed'],
      ['stage.part', 'file.malformed'],
    ]);
    expect(published).toBe(false);
  });

  test('equal ticks are one while they wait, different ones are not', async () => {
    const tick = { sourceId: 'imgix-default', reason: 'reconcile' } as const;
    expect(await harness.producer.enqueueTick(tick)).toEqual({ added: true });
    expect(await harness.producer.enqueueTick(tick)).toEqual({ added: false });
    expect(await harness.producer.enqueueTick({ ...tick, sourceId: 'akamai-default' })).toEqual({
      added: true,
    });
    expect((await harness.producer.counts()).ticks.waiting).toBe(2);
  });
});
