import { ConfigError, ContractError, InvariantError, ThrottledError, TransientError } from '@edgeledger/core';
import { until } from '@edgeledger/testkit';
import { expect, test } from 'vitest';
import { describeOnBackends, unitOf, untilAborted } from './harness.ts';

await describeOnBackends('failures', (harness) => {
  test('a transient error is tried again up to the attempts of the catalog, then stays failed', async () => {
    const attempts: string[] = [];
    const failures: string[] = [];
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    harness.consume(
      {
        'load.unit': async (_unit, { attempt, attempts: allowed }) => {
          attempts.push(`${attempt}/${allowed}`);
          throw new TransientError('source.unavailable', 'Reading: 503. Try again.');
        },
      },
      { onFailed: ({ jobName, error }) => failures.push(`${jobName} ${error.code}: ${error.message}`) },
    );
    await until('the job failed', () => failures.length === 1);
    expect(attempts).toEqual(['1/5', '2/5', '3/5', '4/5', '5/5']);
    expect(failures).toEqual(['load.unit source.unavailable: Reading: 503. Try again.']);
    expect((await harness.producer.enqueueUnits([unitOf('2026-11-20')])).added).toBe(1);
  });

  test.each([
    [
      'a configuration error',
      new ConfigError('source.auth-rejected', 'Bad key. Set IMGIX_API_KEY.'),
      'source.auth-rejected',
    ],
    ['a contract error', new ContractError('file.malformed', 'No header. Look at it.'), 'file.malformed'],
    ['a bug of ours', new InvariantError('Two and two is five.'), 'internal.invariant'],
    ['an error nobody knows', new RangeError('strange'), 'internal.invariant'],
  ])('%s fails in the first attempt with code and message', async (_what, error, code) => {
    let runs = 0;
    const failures: string[] = [];
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    harness.consume(
      {
        'load.unit': async () => {
          runs += 1;
          throw error;
        },
      },
      { onFailed: (failure) => failures.push(`${failure.error.code}: ${failure.error.message}`) },
    );
    await until('the job failed', () => failures.length === 1);
    expect(runs).toBe(1);
    expect(failures[0]).toMatch(new RegExp(`^${code}: `));
    expect(failures[0]).toContain(error.message);
  });

  /** Longer than a busy machine takes to take up the next job. */
  const HOLD_MS = 5_000;

  test('a throttled source is held back without attempts while another source goes on', async () => {
    const runs: string[] = [];
    const other = { ...unitOf('2026-11-18'), sourceId: 'imgix-second', account: 'second' };
    await harness.producer.enqueueUnits([unitOf('2026-11-20'), unitOf('2026-11-19'), other]);
    const consumer = harness.consume(
      {
        'load.unit': async (unit, { attempt }) => {
          runs.push(`${unit.sourceId} ${unit.reportKey} ${attempt}`);
          if (runs.length === 1) throw new ThrottledError('429. Wait.', HOLD_MS);
          return { kind: 'done' };
        },
      },
      { concurrency: { imgix: 1 } },
    );
    await until('all three are done', async () => (await harness.producer.counts()).imgix.completed === 3);
    await consumer.idle({ pollMs: 10 });
    // the second unit of the throttled source never reached its handler while the source was held
    expect(runs.slice(0, 2)).toEqual([
      'imgix-default cdn_logs_20261120 1',
      'imgix-second cdn_logs_20261118 1',
    ]);
    expect(runs.slice(2).sort()).toEqual([
      'imgix-default cdn_logs_20261119 1',
      'imgix-default cdn_logs_20261120 1',
    ]);
  });

  test('a payload of another shape and a job of another version fail with a clear message', async () => {
    const reasons: string[] = [];
    await harness.backend.queues.imgix.add('load.unit', { account: 'default' });
    await harness.backend.queues.imgix.add('verify.unit', {});
    harness.consume({}, { onFailed: ({ error }) => reasons.push(error.message) });
    await until('both failed', () => reasons.length === 2);
    expect(reasons.sort()).toEqual([
      expect.stringMatching(/payload of a load\.unit job does not fit: sourceId: .*dataset: /),
      expect.stringMatching(/knows no job "verify\.unit"/),
    ]);
  });

  test('the time limit aborts the signal and the job is tried again', async () => {
    const reasons: string[] = [];
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    const consumer = harness.consume(
      {
        'load.unit': async (_unit, { signal, attempt }) => {
          if (attempt === 2) return { kind: 'done' };
          reasons.push(String(await untilAborted(signal)));
          throw new Error('interrupted');
        },
      },
      { timeoutMs: 50 },
    );
    await until('it is done', async () => (await harness.producer.counts()).imgix.completed === 1);
    await consumer.idle({ pollMs: 10 });
    expect(reasons).toEqual([expect.stringContaining('not done after 50 ms')]);
  });
});
