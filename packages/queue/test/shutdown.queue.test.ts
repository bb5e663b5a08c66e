import { silentLogger, systemClock } from '@edgeledger/core';
import { until } from '@edgeledger/testkit';
import type { Processor } from 'bullmq';
import { expect, test } from 'vitest';
import { openQueueBackend } from '../src/backend.ts';
import { createConsumer } from '../src/consumer.ts';
import { CANCEL_LOCK_LOST, createProcessor, type JobContext } from '../src/run-job.ts';
import { createSourceHolds } from '../src/source-holds.ts';
import { describeOnBackends, refuseAll, unitOf, untilAborted } from './harness.ts';

await describeOnBackends('shutdown and cancellation', (harness) => {
  test('closing aborts what outlives the grace time, and the job costs no attempt', async () => {
    const contexts: JobContext[] = [];
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    const first = harness.consume(
      {
        'load.unit': async (_unit, context) => {
          contexts.push(context);
          await untilAborted(context.signal);
          throw new Error('the driver was interrupted');
        },
      },
      { shutdownGraceMs: 50 },
    );
    await until('it runs', () => contexts.length === 1);
    await first.close();
    expect(contexts[0]?.signal.reason).toMatchObject({ name: 'ShutdownError' });
    const job = await harness.backend.queues.imgix.getJob(contexts[0]?.jobId ?? '');
    expect(await job?.getState()).toBe('prioritized');
    expect(job?.attemptsMade).toBe(0);
    let attempt = 0;
    const second = harness.consume({
      'load.unit': async (_unit, context) => {
        attempt = context.attempt;
        return { kind: 'done' };
      },
    });
    await until('it ran again', () => attempt === 1);
    await second.idle({ pollMs: 10 });
  });

  test('closing lets a job end that fits into the grace time, and takes no other', async () => {
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    await harness.producer.enqueueUnits([unitOf('2026-11-20'), unitOf('2026-11-19')]);
    const consumer = harness.consume(
      {
        'load.unit': async () => {
          runs += 1;
          await gate.promise;
          return { kind: 'done' };
        },
      },
      { concurrency: { imgix: 1 } },
    );
    await until('one runs', () => runs === 1);
    const closed = consumer.close();
    gate.resolve();
    await closed;
    expect(runs).toBe(1);
    expect((await harness.producer.counts()).imgix).toMatchObject({ completed: 1, waiting: 1, active: 0 });
  });

  test('a handler that ignores its signal cannot keep the consumer from closing', async () => {
    const never = Promise.withResolvers<never>();
    let runs = 0;
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    // a backend of its own: an abandoned worker is cut off from its store
    const backend = await openQueueBackend({ ...harness.store().options, logger: silentLogger });
    const consumer = createConsumer(backend, {
      handlers: {
        ...refuseAll,
        'load.unit': () => {
          runs += 1;
          return never.promise;
        },
      },
      logger: silentLogger,
      shutdownGraceMs: 10,
    });
    await until('it runs', () => runs === 1);
    const before = performance.now();
    await consumer.close();
    await backend.close();
    expect(performance.now() - before).toBeLessThan(8_000);
  });

  test('a lost lock aborts the run through the signal that needs three declared parameters', async () => {
    const reasons: unknown[] = [];
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    const processor = createProcessor({
      handlers: {
        ...refuseAll,
        'load.unit': async (_unit, { signal, attempt }) => {
          if (attempt > 1) return { kind: 'done' };
          reasons.push(await untilAborted(signal));
          throw new Error('interrupted');
        },
      },
      clock: systemClock,
      logger: silentLogger,
      holds: createSourceHolds(() => performance.now()),
      isClosing: () => false,
      timeoutMs: undefined,
    });
    expect(processor.length).toBe(3);
    const worker = harness.backend.createWorker('imgix', processor, {});
    worker.on('error', () => undefined);
    let id = '';
    worker.on('active', (job) => {
      id = job.id ?? '';
    });
    await until('it can be cancelled', () => id !== '' && worker.cancelJob(id, CANCEL_LOCK_LOST));
    await until('the signal aborted', () => reasons.length === 1);
    expect(reasons[0]).toMatchObject({ code: 'load.superseded' });
    await until(
      'the second attempt is done',
      async () => (await harness.producer.counts()).imgix.completed === 1,
    );
    await worker.close();
  });

  test('a job that is picked up while closing goes back unseen', async () => {
    let picked = 0;
    const attempts: number[] = [];
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    const processor = createProcessor({
      handlers: {
        ...refuseAll,
        'load.unit': async (_unit, { attempt }) => {
          attempts.push(attempt);
          return { kind: 'done' };
        },
      },
      clock: systemClock,
      logger: silentLogger,
      holds: createSourceHolds(() => performance.now()),
      isClosing: () => picked <= 2,
      timeoutMs: undefined,
    });
    const worker = harness.backend.createWorker('imgix', processor, { autorun: false });
    worker.on('error', () => undefined);
    worker.on('active', () => {
      picked += 1;
    });
    void worker.run();
    await until('it ran', () => attempts.length === 1);
    expect(picked).toBe(3);
    expect(attempts).toEqual([1]);
    await worker.close();
  });

  test('a processor with rest parameters gets no signal, which is why ours declares three', async () => {
    const gate = Promise.withResolvers<void>();
    const signals: unknown[] = [];
    const processor: Processor = async (...args) => {
      signals.push(args[2]);
      await gate.promise;
    };
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    const worker = harness.backend.createWorker('imgix', processor, {});
    worker.on('error', () => undefined);
    await until('it runs', () => signals.length === 1);
    expect(signals).toEqual([undefined]);
    gate.resolve();
    await worker.close();
  });
});
