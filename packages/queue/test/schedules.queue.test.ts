import { until } from '@edgeledger/testkit';
import { expect, test } from 'vitest';
import { DEFAULT_SCHEDULE, nextTicks, registerSchedules, type ScheduledSource } from '../src/schedules.ts';
import { describeOnBackends } from './harness.ts';

const imgix: ScheduledSource = { sourceId: 'imgix-default', vendor: 'imgix' };
const akamai: ScheduledSource = { sourceId: 'akamai-default', vendor: 'akamai', everyMinutes: 15 };

await describeOnBackends('schedules', (harness) => {
  const register = (sources: readonly ScheduledSource[], schedule = DEFAULT_SCHEDULE) =>
    registerSchedules(harness.backend, sources, schedule);

  test('registering again changes nothing and adds no job', async () => {
    expect(await register([imgix, akamai])).toEqual({ changed: 5, removed: 0, kept: 0 });
    const before = await harness.producer.counts();
    const next = await nextTicks(harness.backend);
    expect(await register([imgix, akamai])).toEqual({ changed: 0, removed: 0, kept: 5 });
    expect(await harness.producer.counts()).toEqual(before);
    expect(await nextTicks(harness.backend)).toEqual(next);
    expect(before.ticks.waiting + before.ticks.delayed).toBe(5);
    const checked = await registerSchedules(harness.backend, [imgix, akamai], DEFAULT_SCHEDULE, {
      onlyMissing: true,
    });
    expect(checked).toEqual({ changed: 0, removed: 0, kept: 5 });
    expect(await nextTicks(harness.backend)).toEqual(next);
  });

  test('a check adds what was lost', async () => {
    await register([imgix, akamai]);
    await harness.backend.queues.ticks.obliterate({ force: true });
    expect(await nextTicks(harness.backend)).toEqual([]);
    const checked = await registerSchedules(harness.backend, [imgix], DEFAULT_SCHEDULE, {
      onlyMissing: true,
    });
    expect(checked).toEqual({ changed: 2, removed: 0, kept: 0 });
    expect(await nextTicks(harness.backend)).toHaveLength(2);
  });

  test('a changed pattern takes the place of the old one', async () => {
    await register([imgix]);
    expect(await register([imgix], { ...DEFAULT_SCHEDULE, imgix: '30 6 * * *' })).toMatchObject({
      changed: 1,
      kept: 1,
    });
    const daily = (await nextTicks(harness.backend)).filter(({ reason }) => reason === 'daily');
    expect(daily.map(({ at }) => at.toISOString().slice(11))).toEqual(['06:30:00.000Z']);
  });

  test('the schedules of a source that is no longer configured go away', async () => {
    await register([imgix, akamai]);
    expect(await register([imgix])).toEqual({ changed: 0, removed: 3, kept: 2 });
    expect((await nextTicks(harness.backend)).map(({ sourceId }) => sourceId)).toEqual([
      'imgix-default',
      'imgix-default',
    ]);
  });

  test('the daily tick is due at its minute of the UTC day, whatever zone the machine is in', async () => {
    await register([imgix, akamai]);
    const daily = (await nextTicks(harness.backend)).filter(({ reason }) => reason === 'daily');
    expect(daily.map(({ sourceId, at }) => `${sourceId} ${at.toISOString().slice(11, 16)}`).sort()).toEqual([
      'akamai-default 04:15',
      'imgix-default 04:05',
    ]);
  });

  test('a scheduled tick reaches its handler with source and reason, and the next one is planned', async () => {
    const ticks: unknown[] = [];
    await register([akamai]);
    harness.consume({
      'plan.source': async (tick) => {
        ticks.push(tick);
        return { kind: 'done' };
      },
    });
    // new interval schedules fire at once
    await until('the running day and the reconcile tick ran', () => ticks.length >= 2);
    expect(ticks).toContainEqual({ sourceId: 'akamai-default', reason: 'running-day' });
    expect(ticks).toContainEqual({ sourceId: 'akamai-default', reason: 'reconcile' });
    const next = await nextTicks(harness.backend);
    expect(next.map(({ reason }) => reason).sort()).toEqual(['daily', 'reconcile', 'running-day']);
    expect(next.every(({ at }) => at.getTime() > Date.now())).toBe(true);
  });

  test.each([
    [
      'a pattern that is not cron',
      { ...DEFAULT_SCHEDULE, imgix: 'at four' },
      /"at four" is not a cron pattern/,
    ],
    [
      'an interval of nothing',
      { ...DEFAULT_SCHEDULE, reconcileMinutes: 0 },
      /every 0 minutes is no interval/,
    ],
  ])('%s is refused before anything is registered', async (_what, schedule, message) => {
    await expect(register([imgix], schedule)).rejects.toThrow(message);
    expect(await nextTicks(harness.backend)).toEqual([]);
  });
});
