import { once } from 'node:events';
import { request } from 'node:http';
import { dayPeriod, parseUtcDay, Secret, silentLogger } from '@edgeledger/core';
import {
  createProducer,
  listQueues,
  migrateQueue,
  openQueueBackend,
  type QueueBackend,
  toUnitPayload,
} from '@edgeledger/queue';
import { describeOnStores, type TestStore, until } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDashboard, type Dashboard } from '../src/index.ts';
import { createOperatorSpy, emptyWarehouse } from './empty-warehouse.ts';

const as = (user: string, password: string) => ({ authorization: `Basic ${btoa(`${user}:${password}`)}` });
const OPERATOR = as('ed', 'act');
const VIEWER = as('vi', 'look');

interface BoardQueue {
  readonly name: string;
  readonly counts: Record<string, number>;
}

await describeOnStores(
  'Bull Board',
  (databaseUrl) => migrateQueue({ databaseUrl }),
  (start) => {
    let store: TestStore | undefined;
    let backend: QueueBackend | undefined;
    let dashboard: Dashboard | undefined;
    const recorded: Record<string, unknown>[] = [];

    beforeAll(async () => {
      store = await start();
      backend = await openQueueBackend({ ...store.options, logger: silentLogger });
      dashboard = await createDashboard({
        queues: listQueues(backend),
        warehouse: {
          ...emptyWarehouse,
          actions: {
            ...emptyWarehouse.actions,
            begin: async (request) => `${recorded.push({ ...request })}`,
            finish: async (actionId, outcome, message) => {
              Object.assign(recorded[Number(actionId) - 1] ?? {}, { outcome, message });
            },
          },
        },
        operator: createOperatorSpy(),
        findJobs: async () => [],
        user: 'ed',
        password: new Secret('act'),
        viewer: { user: 'vi', password: new Secret('look') },
        host: '127.0.0.1',
        port: 0,
        logger: silentLogger,
        version: '0.1.0',
        isReady: async () => ({ ok: true, checks: [] }),
      });
    });
    afterAll(async () => {
      await dashboard?.close();
      await backend?.close();
      await store?.stop();
    });

    function getBoard(): { url: string; backend: QueueBackend } {
      if (dashboard === undefined || backend === undefined) throw new Error('the dashboard was not opened');
      return { url: `${dashboard.url}/queues`, backend };
    }

    test('serves its application without a request to anyone else', async () => {
      const { url } = getBoard();
      const response = await fetch(url, { headers: OPERATOR });
      const page = await response.text();
      expect(response.status).toBe(200);
      expect(page).toContain('<title>Edgeledger queues</title>');
      expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
      expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
      const script = /src="(static\/js\/main[^"]+)"/.exec(page)?.[1];
      const asset = await fetch(`${url}/${script}`, { headers: OPERATOR });
      expect(asset.status).toBe(200);
      expect(asset.headers.get('content-type')).toMatch(/javascript/);
    });

    test('shows every queue with its jobs, and what a job carries', async () => {
      const { url, backend: open } = getBoard();
      const producer = createProducer(open);
      const unit = {
        account: 'default',
        dataset: 'imgix.cdn_logs',
        reportKey: 'cdn_logs_20261120',
        period: dayPeriod(parseUtcDay('2026-11-20', 'day')),
      };
      await producer.enqueueUnits([toUnitPayload('imgix-default', unit)]);
      await producer.close();
      const response = await fetch(`${url}/api/queues?activeQueue=edgeledger-imgix`, { headers: OPERATOR });
      const { queues } = (await response.json()) as { queues: (BoardQueue & { jobs: unknown[] })[] };
      expect(queues.map((queue) => queue.name).sort()).toEqual(
        listQueues(open)
          .map((queue) => queue.name)
          .sort(),
      );
      const imgix = queues.find((queue) => queue.name === 'edgeledger-imgix');
      const total = Object.values(imgix?.counts ?? {}).reduce((sum, count) => sum + count, 0);
      expect(total).toBe(1);
      expect(JSON.stringify(imgix?.jobs)).toContain('cdn_logs_20261120');
    });

    test('can pause and resume a queue from its own page', async () => {
      const { url, backend: open } = getBoard();
      const change = (action: string) =>
        fetch(`${url}/api/queues/edgeledger-imgix/${action}`, {
          method: 'PUT',
          headers: { ...OPERATOR, 'sec-fetch-site': 'same-origin' },
        });
      expect((await change('pause')).status).toBe(200);
      expect(await open.queues.imgix.isPaused()).toBe(true);
      expect((await change('resume')).status).toBe(200);
      expect(await open.queues.imgix.isPaused()).toBe(false);
      await until('both changes are recorded', () => recorded.every(({ outcome }) => outcome === 'done'));
      expect(recorded.map(({ person, kind, details }) => [person, kind, details])).toEqual([
        ['ed', 'queue', { method: 'PUT', path: 'queues/edgeledger-imgix/pause' }],
        ['ed', 'queue', { method: 'PUT', path: 'queues/edgeledger-imgix/resume' }],
      ]);
    });

    test('a job leads to the page of its report', async () => {
      const { url } = getBoard();
      const answer = await fetch(`${url}/api/queues?activeQueue=edgeledger-imgix`, { headers: OPERATOR });
      expect(await answer.text()).toContain('"href":"/unit/default/imgix.cdn_logs/cdn_logs_20261120"');
    });

    test('shows a viewer the same jobs without a button, and refuses what a viewer sends all the same', async () => {
      const { url, backend: open } = getBoard();
      const page = await (await fetch(url, { headers: VIEWER })).text();
      expect(page).toContain('<title>Edgeledger queues (read-only)</title>');
      const answer = await fetch(`${url}/api/queues?activeQueue=edgeledger-imgix`, { headers: VIEWER });
      const { queues } = (await answer.json()) as { queues: { readOnlyMode: boolean; jobs: unknown[] }[] };
      expect(queues.map((queue) => queue.readOnlyMode)).toEqual([true, true, true]);
      expect(JSON.stringify(queues)).toContain('cdn_logs_20261120');
      for (const path of ['/queues', '/viewer-queues']) {
        const change = await fetch(`${new URL(url).origin}${path}/api/queues/edgeledger-imgix/pause`, {
          method: 'PUT',
          headers: VIEWER,
        });
        expect([path, change.status]).toEqual([path, 403]);
      }
      expect(await open.queues.imgix.isPaused()).toBe(false);
    });

    test('refuses a viewer however the path is spelled, and names to the audit trail what an operator did', async () => {
      const { url, backend: open } = getBoard();
      const { host, hostname, port } = new URL(url);
      const send = async (method: string, path: string, headers: Record<string, string>): Promise<number> => {
        const sent = request({ hostname, port, path, method, headers: { host, ...headers } });
        sent.end();
        const [answer] = await once(sent, 'response');
        answer.resume();
        return answer.statusCode;
      };
      for (const spelled of ['/%71ueues', '/queue%73', `http://${host}/queues`, `http://${host}/%71ueues`]) {
        for (const [method, act] of [
          ['PUT', 'pause'],
          ['PUT', 'obliterate'],
          ['PUT', 'clean/failed'],
          ['PUT', 'promote'],
          ['PUT', 'retry/failed'],
          ['POST', 'add'],
          ['DELETE', '1'],
          ['PATCH', '1/update-data'],
        ] as const) {
          const path = `${spelled}/api/queues/edgeledger-imgix/${act}`;
          expect([method, path, await send(method, path, VIEWER)]).toEqual([method, path, 403]);
        }
        const look = `${spelled}/api/queues?activeQueue=edgeledger-imgix`;
        expect([look, await send('GET', look, VIEWER)]).toEqual([look, 403]);
      }
      expect(await open.queues.imgix.isPaused()).toBe(false);
      recorded.length = 0;
      const path = `/%71ueues/api/queues/edgeledger-imgix/resume`;
      expect(await send('PUT', path, OPERATOR)).toBe(200);
      await until('it is recorded', () => recorded[0]?.outcome === 'done');
      expect(recorded[0]?.details).toEqual({ method: 'PUT', path: 'queues/edgeledger-imgix/resume' });
    });
  },
);
