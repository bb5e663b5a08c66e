import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSpool } from '@edgeledger/archive';
import {
  DEFAULT_REJECT_THRESHOLDS,
  dayPeriod,
  parseUtcDay,
  Secret,
  type Source,
  silentLogger,
  systemClock,
  TransientError,
  toCompactDay,
} from '@edgeledger/core';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import {
  type Consumer,
  createConsumer,
  createProducer,
  type LoadUnitPayload,
  migrateQueue,
  openQueueBackend,
  type PlanSourcePayload,
  type Producer,
  type QueueBackend,
  toUnitPayload,
} from '@edgeledger/queue';
import { createSources } from '@edgeledger/sources';
import {
  createTestDatabase,
  describeOnStores,
  type TestDatabase,
  type TestStore,
  until,
} from '@edgeledger/testkit';
import { createWarehouse, type Warehouse } from '@edgeledger/warehouse';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createHandlers, settleFailedJob } from '../src/index.ts';
import { planTick } from '../src/plan-tick.ts';

const daysAgo = (count: number) =>
  parseUtcDay(new Date(Date.now() - count * 86_400_000).toISOString().slice(0, 10), 'day');
const FROM = daysAgo(4);
const TO = daysAgo(3);
const ROWS_PER_FILE = 90;

await describeOnStores(
  'a worker',
  (databaseUrl) => migrateQueue({ databaseUrl }),
  (start) => {
    let store: TestStore;
    let folder: string;
    let emulator: Emulator;
    let database: TestDatabase;
    let warehouse: Warehouse;
    let sources: Source[];
    let backend: QueueBackend;
    let producer: Producer;
    let consumer: Consumer;

    beforeAll(async () => {
      store = await start();
      folder = await mkdtemp(join(tmpdir(), 'edgeledger-worker-'));
      backend = await openQueueBackend({ ...store.options, logger: silentLogger, backoffMs: 5 });
      producer = createProducer(backend);
    });
    afterAll(async () => {
      await producer.close();
      await backend.close();
      await store.stop();
      await rm(folder, { recursive: true, force: true });
    });

    beforeEach(async () => {
      emulator = await createEmulator({
        historyDays: 20,
        imgix: { partMaxRows: ROWS_PER_FILE, headerInEveryPart: false, requestsPerSecond: 0 },
        akamai: { requestsPerMinute: 0 },
      });
      database = await createTestDatabase();
      warehouse = await createWarehouse({ connectionString: database.connectionString });
      sources = openSources(emulator);
      consumer = startConsumer();
    });
    afterEach(async () => {
      await consumer.close();
      await Promise.all(Object.values(backend.queues).map((queue) => queue.obliterate({ force: true })));
      await Promise.all(sources.map((source) => source.close()));
      await warehouse.close();
      await emulator.close();
      await database.drop();
    });

    function toServices() {
      return {
        sources,
        ledger: warehouse.ledger,
        loader: warehouse.loader,
        sweep: warehouse.sweepStaging,
        producer,
        clock: systemClock,
        logger: silentLogger,
        thresholds: DEFAULT_REJECT_THRESHOLDS,
        backfillDays: 3,
        spool: createSpool(folder),
      };
    }

    function startConsumer(): Consumer {
      const services = toServices();
      return createConsumer(backend, {
        handlers: createHandlers(services),
        logger: silentLogger,
        onFailed: (failure) => settleFailedJob(failure, services),
      });
    }

    async function planAndLoad(): Promise<void> {
      for (const { id } of sources) {
        await producer.enqueueTick({ sourceId: id, reason: 'backfill', from: FROM, to: TO });
      }
      await untilDone();
    }

    /** A retry or a part that waits for its header is delayed for a moment. */
    async function untilDone(): Promise<void> {
      for (;;) {
        const { delayed } = await consumer.idle({ pollMs: 20 });
        if (delayed === 0) return;
      }
    }

    test('loads what a tick finds, the parts of a report as jobs of their own, each file once', async () => {
      await planAndLoad();
      expect(await warehouse.questions.gaps()).toEqual([]);
      const totals = await warehouse.questions.totals();
      expect(totals.map(({ dataset, units, loaded }) => [dataset, units, loaded])).toEqual(
        totals.map(({ dataset }) => [dataset, 2, 2]),
      );
      const truth = emulator.truth.imgix('cdn_logs', FROM);
      const rows = await database.query(
        'SELECT part, row_no, url FROM imgix.cdn_logs WHERE report_key = $1 ORDER BY 1, 2',
        [`cdn_logs_${toCompactDay(FROM)}`],
      );
      const url = truth.columns.indexOf('url');
      expect(rows.map((row) => row.url)).toEqual(truth.rows.map((row) => row[url]));
      const parts = Math.ceil(truth.rows.length / ROWS_PER_FILE);
      expect(parts).toBeGreaterThan(2);
      expect(new Set(rows.map((row) => row.part)).size).toBe(parts);

      const [staged] = await database.query(
        `SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'staging' AND tablename LIKE 'load\\_%'`,
      );
      expect(staged?.n).toBe(0);
      const paths = emulator.requests
        .filter((request) => request.server === 'files')
        .map((request) => request.path);
      expect(new Set(paths).size).toBe(paths.length);
    });

    test('a second tick finds nothing to do', async () => {
      await planAndLoad();
      emulator.requests.length = 0;
      await planAndLoad();
      expect(emulator.requests.filter((request) => request.server !== 'imgix')).toEqual([]);
      const loads = await database.query(
        `SELECT outcome, count(*)::int AS n FROM ledger.loads GROUP BY outcome`,
      );
      expect(loads).toEqual([{ outcome: 'published', n: 16 }]);
    });

    test('a unit that somebody loaded since it was planned is not read again', async () => {
      await planAndLoad();
      const reportKey = `credit_analytics_daily_${toCompactDay(TO)}`;
      const unit = {
        account: 'default',
        dataset: 'imgix.credit_analytics_daily',
        reportKey,
        period: dayPeriod(TO),
      };
      const read = async (payload: LoadUnitPayload) => {
        emulator.requests.length = 0;
        await producer.enqueueUnits([payload]);
        await untilDone();
        return emulator.requests.filter((request) => request.server === 'files').length;
      };
      expect(await read(toUnitPayload('imgix-default', unit, null))).toBe(0);
      const loadId = (await warehouse.ledger.findUnit(unit))?.loadId;
      expect(await read(toUnitPayload('imgix-default', unit, loadId))).toBe(1);
      expect(await read(toUnitPayload('imgix-default', unit))).toBe(1);
    });

    test('a load that a killed worker had only begun is cleared away when its job runs again', async () => {
      await planAndLoad();
      const reportKey = `credit_analytics_daily_${toCompactDay(TO)}`;
      const dataset = sources[0]?.datasets.find(({ name }) => name === 'imgix.credit_analytics_daily');
      if (dataset === undefined) return expect.fail('imgix has credit analytics');
      const unit = { account: 'default', dataset: dataset.name, reportKey, period: dayPeriod(TO) };
      // planned before anything was loaded, begun at the same time as the load that was published
      const dead = await warehouse.loader.begin(unit, dataset);
      await producer.enqueueUnits([toUnitPayload('imgix-default', unit, null)]);
      await untilDone();
      expect(
        await database.query('SELECT outcome FROM ledger.loads WHERE load_id = $1', [dead.loadId]),
      ).toEqual([{ outcome: 'superseded' }]);
      expect(await database.query('SELECT FROM staging.loads')).toEqual([]);
    });

    test('a confirmation takes the revision that was seen, and no other', async () => {
      await planAndLoad();
      const reportKey = `cdn_logs_${toCompactDay(FROM)}`;
      const key = { account: 'default', dataset: 'imgix.cdn_logs', reportKey };
      const countRows = async () =>
        (
          await database.query('SELECT count(*)::int AS n FROM imgix.cdn_logs WHERE report_key = $1', [
            reportKey,
          ])
        )[0]?.n;
      const before = await countRows();
      // enough for two parts, so that the confirmation has to travel with the report
      emulator.revise({ reportKey, keepRows: ROWS_PER_FILE + 10 });
      await planAndLoad();
      const held = await warehouse.ledger.findUnit(key);
      expect([held?.state, await countRows()]).toEqual(['held', before]);
      if (held === undefined) return;
      const unit = toUnitPayload('imgix-default', held);
      await producer.enqueueUnits([{ ...unit, confirmedRevision: 'another one' }]);
      await untilDone();
      expect([(await warehouse.ledger.findUnit(key))?.state, await countRows()]).toEqual(['held', before]);
      await producer.enqueueUnits([{ ...unit, confirmedRevision: held.heldRevision ?? '' }]);
      await untilDone();
      expect([(await warehouse.ledger.findUnit(key))?.state, await countRows()]).toEqual([
        'loaded',
        ROWS_PER_FILE + 10,
      ]);
    });

    test('a queue that is emptied loses nothing, the next tick plans it again', async () => {
      await consumer.close();
      await producer.enqueueTick({ sourceId: 'imgix-default', reason: 'backfill', from: FROM, to: TO });
      for (const queue of Object.values(backend.queues)) await queue.obliterate({ force: true });
      consumer = startConsumer();
      await planAndLoad();
      expect(await warehouse.questions.gaps()).toEqual([]);
    });

    test('a unit that was told to wait is asked for at its time, also when the queue lost its job', async () => {
      const until = new Date(Date.now() + 3_600_000);
      await warehouse.ledger.recordWaiting(
        {
          account: 'default',
          dataset: 'akamai.endpoint_usage_by_time',
          reportKey: `endpoint-usage-by-time_default_${toCompactDay(TO)}`,
          period: dayPeriod(TO),
        },
        until,
        'the vendor asked for a pause',
      );
      const tick = { sourceId: 'akamai-default', reason: 'reconcile', from: TO, to: TO } as const;
      for (let time = 1; time <= 2; time += 1) {
        await producer.enqueueTick(tick);
        await consumer.idle({ pollMs: 20 });
      }
      const [job, ...others] = await backend.queues.akamai.getJobs(['delayed']);
      expect(others).toEqual([]);
      expect(job?.name).toBe('load.unit');
      expect(Math.abs((job?.timestamp ?? 0) + (job?.delay ?? 0) - until.getTime())).toBeLessThan(60_000);
    });

    test('a unit older than the days of a tick, once asked for, is loaded by the next tick, and only that', async () => {
      await consumer.close();
      const old = daysAgo(9);
      const asked = {
        sourceId: 'imgix-default',
        reason: 'backfill',
        datasets: ['imgix.mild_errors'],
        from: old,
        to: old,
      } satisfies PlanSourcePayload;
      const source = sources.find(({ id }) => id === 'imgix-default');
      if (source === undefined) throw new Error('no source');
      await planTick(asked, source, toServices(), new AbortController().signal);
      for (const queue of Object.values(backend.queues)) await queue.obliterate({ force: true });
      consumer = startConsumer();
      await producer.enqueueTick({ sourceId: 'imgix-default', reason: 'reconcile' });
      await untilDone();
      const found = await database.query(`SELECT dataset, state FROM ledger.units WHERE period_start = $1`, [
        dayPeriod(old).start,
      ]);
      expect(found).toEqual([{ dataset: 'imgix.mild_errors', state: 'loaded' }]);
    });

    test('a backfill asks at once for what failed and pauses, also when its job waits for that time', async () => {
      const unit = {
        account: 'default',
        dataset: 'imgix.mild_errors',
        reportKey: `mild_errors_${toCompactDay(TO)}`,
        period: dayPeriod(TO),
      };
      await warehouse.ledger.recordFailure(
        unit,
        new TransientError('source.unavailable', 'It was away.'),
        new Date(),
      );
      const tick = { sourceId: 'imgix-default', from: TO, to: TO, datasets: [unit.dataset] };
      await producer.enqueueTick({ ...tick, reason: 'reconcile' });
      await consumer.idle({ pollMs: 20 });
      expect((await warehouse.ledger.findUnit(unit))?.state).toBe('failed');
      expect((await producer.counts()).imgix.delayed).toBe(1);
      await producer.enqueueTick({ ...tick, reason: 'backfill' });
      await untilDone();
      expect((await warehouse.ledger.findUnit(unit))?.state).toBe('loaded');
    });

    test('a report whose parts wait long for a worker is not begun a second time', async () => {
      await consumer.close();
      const handlers = createHandlers(toServices());
      const { signal } = new AbortController();
      const run = { jobId: 'a', attempt: 1, attempts: 1, signal, reportProgress: async () => undefined };
      const reportKey = `cdn_logs_${toCompactDay(TO)}`;
      const unit = { account: 'default', dataset: 'imgix.cdn_logs', reportKey, period: dayPeriod(TO) };
      await handlers['load.unit'](toUnitPayload('imgix-default', unit), run);
      // a tick that planned it before anybody began it
      const late = toUnitPayload('imgix-default', unit, null);
      expect(await handlers['load.unit'](late, run)).toMatchObject({ result: { begunMeanwhile: true } });
      await database.query(`UPDATE staging.loads SET touched_at = now() - interval '1 hour'`);
      expect((await warehouse.ledger.findUnit(unit))?.isBeingLoaded).toBe(false);
      const orphan = { ...toUnitPayload('imgix-default', unit, null), isOrphan: true };
      expect(await handlers['load.unit'](orphan, run)).toMatchObject({ result: { begunMeanwhile: true } });
      const tick = { sourceId: 'imgix-default', reason: 'reconcile', from: TO, to: TO } as const;
      await handlers['plan.source'](tick, run);
      consumer = startConsumer();
      await untilDone();
      const loads = await database.query(
        'SELECT outcome FROM ledger.loads JOIN ledger.units USING (unit_id) WHERE report_key = $1',
        [reportKey],
      );
      expect(loads).toEqual([{ outcome: 'published' }]);
    });

    test('a report issued again with the first part as it was is loaded, though no other part has a header', async () => {
      await planAndLoad();
      const reportKey = `cdn_logs_${toCompactDay(TO)}`;
      emulator.revise({
        reportKey,
        edit: ({ columns, rows }) => ({
          columns,
          rows: rows.map((row, index) =>
            index < rows.length - 1
              ? row
              : row.map((value, at) => (columns[at] === 'url' ? '/changed' : value)),
          ),
        }),
      });
      await planAndLoad();
      const urls = await database.query(
        `SELECT url FROM imgix.cdn_logs WHERE report_key = $1 ORDER BY part, row_no`,
        [reportKey],
      );
      expect(urls).toHaveLength(emulator.truth.imgix('cdn_logs', TO).rows.length);
      expect(urls.at(-1)?.url).toBe('/changed');
    });

    test('a report that is issued again with other files while its parts are read is begun anew at once', async () => {
      await consumer.close();
      const handlers = createHandlers(toServices());
      const { signal } = new AbortController();
      const run = { jobId: 'a', attempt: 1, attempts: 1, signal, reportProgress: async () => undefined };
      const reportKey = `cdn_logs_${toCompactDay(TO)}`;
      const unit = { account: 'default', dataset: 'imgix.cdn_logs', reportKey, period: dayPeriod(TO) };
      await handlers['load.unit'](toUnitPayload('imgix-default', unit), run);
      emulator.revise({
        reportKey,
        rawParts: ['timestamp,url\n2026-11-20T00:00:00Z,/a\n2026-11-20T00:00:01Z,/b\n'],
      });
      consumer = startConsumer();
      await untilDone();
      const loads = await database.query(
        'SELECT outcome, rows FROM ledger.loads JOIN ledger.units USING (unit_id) WHERE report_key = $1 ORDER BY loads.load_id',
        [reportKey],
      );
      expect(loads).toEqual([
        { outcome: 'abandoned', rows: '2' },
        { outcome: 'published', rows: '2' },
      ]);
    });

    test('a dead load that nobody will overtake is cleared away by a tick, after minutes', async () => {
      await planAndLoad();
      const reportKey = `credit_analytics_daily_${toCompactDay(TO)}`;
      const dataset = sources[0]?.datasets.find(({ name }) => name === 'imgix.credit_analytics_daily');
      if (dataset === undefined) return expect.fail('imgix has credit analytics');
      const unit = { account: 'default', dataset: dataset.name, reportKey, period: dayPeriod(TO) };
      const dead = await warehouse.loader.begin(unit, dataset);
      const readOutcome = async () =>
        (await database.query('SELECT outcome FROM ledger.loads WHERE load_id = $1', [dead.loadId]))[0]
          ?.outcome;
      await planAndLoad();
      expect(await readOutcome()).toBe('running');
      await database.query(`UPDATE staging.loads SET touched_at = now() - interval '11 minutes'`);
      await planAndLoad();
      expect(await readOutcome()).toBe('abandoned');
      expect((await warehouse.ledger.findUnit(unit))?.state).toBe('loaded');
    });

    test('a job that waits for a later time runs as soon as a tick finds its report listed', async () => {
      const reportKey = `credit_analytics_daily_${toCompactDay(TO)}`;
      const unit = {
        account: 'default',
        dataset: 'imgix.credit_analytics_daily',
        reportKey,
        period: dayPeriod(TO),
      };
      const body = JSON.stringify({ data: [], links: {}, meta: {} });
      const fault = emulator.faults.add({
        server: 'imgix',
        times: 1_000,
        action: {
          kind: 'status',
          status: 200,
          body,
          headers: { 'Content-Type': 'application/vnd.api+json' },
        },
      });
      await producer.enqueueUnits([toUnitPayload('imgix-default', unit)]);
      expect(await consumer.idle({ pollMs: 20 })).toMatchObject({ delayed: 1 });
      expect((await warehouse.ledger.findUnit(unit))?.state).toBe('waiting');
      fault.remove();
      await producer.enqueueTick({ sourceId: 'imgix-default', reason: 'reconcile', from: TO, to: TO });
      await untilDone();
      expect((await warehouse.ledger.findUnit(unit))?.state).toBe('loaded');
    });

    test('a part that arrives damaged is fetched again, and only that part', async () => {
      const key = `cdn_logs_${toCompactDay(TO)}`;
      emulator.faults.add({
        server: 'files',
        match: new RegExp(`/${key}/`),
        nth: 2,
        action: { kind: 'corrupt' },
      });
      await planAndLoad();
      const files = emulator.requests.filter(
        (request) => request.server === 'files' && request.path.includes(`/${key}/`),
      );
      const parts = new Set(files.map((request) => request.path)).size;
      expect(files).toHaveLength(parts + 1);
      const rows = await database.query(
        'SELECT count(*)::int AS n FROM imgix.cdn_logs WHERE report_key = $1',
        [key],
      );
      expect(rows).toEqual([{ n: emulator.truth.imgix('cdn_logs', TO).rows.length }]);
    });

    test('a part that never arrives fails its report, which says why and is tried again later', async () => {
      const key = `cdn_logs_${toCompactDay(TO)}`;
      const fault = emulator.faults.add({
        server: 'files',
        // not a digit somewhere in the path: the signature behind it has any, and the first part may not fail here
        match: new RegExp(`/${key}/part-00001`),
        times: 1_000,
        action: { kind: 'cut', afterBytes: 40 },
      });
      await planAndLoad();
      const unit = { account: 'default', dataset: 'imgix.cdn_logs', reportKey: key, period: dayPeriod(TO) };
      await until(
        'the failure is recorded',
        async () => (await warehouse.ledger.findUnit(unit))?.state === 'failed',
      );
      expect(await warehouse.ledger.findUnit(unit)).toMatchObject({
        state: 'failed',
        errorCode: 'source.truncated',
      });
      expect(await database.query('SELECT FROM imgix.cdn_logs WHERE report_key = $1', [key])).toEqual([]);
      fault.remove();
      await planAndLoad();
      expect(await warehouse.ledger.findUnit(unit)).toMatchObject({ state: 'loaded', errorCode: null });
    });

    test('a report of which no part has a header fails and says so, instead of waiting for one', async () => {
      const key = `cdn_logs_${toCompactDay(TO)}`;
      emulator.revise({
        reportKey: key,
        rawParts: ['2026-11-20T00:00:00Z,/a\n', '2026-11-20T00:00:01Z,/b\n'],
      });
      for (const { id } of sources)
        await producer.enqueueTick({ sourceId: id, reason: 'backfill', from: FROM, to: TO });
      const unit = { account: 'default', dataset: 'imgix.cdn_logs', reportKey: key, period: dayPeriod(TO) };
      await until(
        'the report fails',
        async () => (await warehouse.ledger.findUnit(unit))?.state === 'failed',
        60_000,
      );
      expect(await warehouse.ledger.findUnit(unit)).toMatchObject({ errorCode: 'file.header-unknown' });
    });

    test('a report with a part that cannot be read fails as a whole and leaves what was there', async () => {
      await planAndLoad();
      const key = `cdn_logs_${toCompactDay(TO)}`;
      const before = await database.query(
        'SELECT count(*)::int AS n FROM imgix.cdn_logs WHERE report_key = $1',
        [key],
      );
      const unreadable = 'timestamp,url\nsoon,/a\nlater,/b\n';
      emulator.revise({ reportKey: key, rawParts: ['timestamp,url\n2026-11-20T00:00:00Z,/a\n', unreadable] });
      await planAndLoad();
      const unit = { account: 'default', dataset: 'imgix.cdn_logs', reportKey: key, period: dayPeriod(TO) };
      expect(await warehouse.ledger.findUnit(unit)).toMatchObject({
        state: 'loaded',
        errorCode: 'unit.rejects-above-threshold',
      });
      expect(
        await database.query('SELECT count(*)::int AS n FROM imgix.cdn_logs WHERE report_key = $1', [key]),
      ).toEqual(before);
      expect(await database.query('SELECT part, line::int FROM ledger.rejects ORDER BY line')).toEqual([
        { part: 2, line: 2 },
        { part: 2, line: 3 },
      ]);
    });
  },
);

function openSources(emulator: Emulator): Source[] {
  const { imgix, akamai } = emulator.credentials;
  return createSources(
    [
      {
        vendor: 'imgix',
        account: 'default',
        apiKey: new Secret(imgix.apiKey),
        apiUrl: new URL(emulator.imgixUrl),
        fileHosts: [emulator.filesHost],
        reportTypes: [
          'cdn_logs',
          'credit_analytics_daily',
          'credit_analytics_mtd',
          'image_analytics',
          'mild_errors',
          'source_analytics',
        ],
        reportTypesExplicit: false,
      },
      {
        vendor: 'akamai',
        account: 'default',
        clientToken: new Secret(akamai.clientToken),
        clientSecret: new Secret(akamai.clientSecret),
        accessToken: new Secret(akamai.accessToken),
        apiUrl: new URL(emulator.akamaiUrl),
        streams: [
          { name: 'default', dataset: 'endpoint_usage_by_time', objectIds: 'all' },
          { name: 'default', dataset: 'api_usage_details', objectIds: emulator.scope.accountIds },
        ],
      },
    ],
    { clock: systemClock, logger: silentLogger },
  );
}
