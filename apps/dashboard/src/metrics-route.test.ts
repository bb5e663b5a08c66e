import { Secret, silentLogger } from '@edgeledger/core';
import { afterEach, expect, test } from 'vitest';
import { createOperatorSpy, emptyWarehouse } from '../test/empty-warehouse.ts';
import { createDashboard, type Dashboard, type DashboardOptions } from './dashboard.ts';

const open: Dashboard[] = [];
afterEach(async () => {
  for (const dashboard of open.splice(0)) await dashboard.close();
});

const TEXT = 'edgeledger_build_info{version="1",role="dashboard"} 1\n';

async function statusOf(options: Partial<DashboardOptions>, authorization?: string, path = '/metrics') {
  const dashboard = await createDashboard({
    queues: [],
    warehouse: emptyWarehouse,
    operator: createOperatorSpy(),
    findJobs: async () => [],
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
    version: '1',
    isReady: async () => ({ ok: true, checks: [] }),
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', render: async () => TEXT },
    ...options,
  });
  open.push(dashboard);
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(`${dashboard.url}${path}`, { headers });
  const text = await response.text();
  return { status: response.status, type: response.headers.get('content-type'), text };
}

const PASSWORD = { user: 'ed', password: new Secret('open sesame') };
const TOKEN = { metricsToken: new Secret('let-me-in') };
const basic = `Basic ${Buffer.from('ed:open sesame').toString('base64')}`;

test('on loopback metrics are open, in the format that Prometheus reads', async () => {
  const answer = await statusOf({});
  expect(answer).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', text: TEXT });
});

test('with a password metrics are for its users', async () => {
  expect((await statusOf(PASSWORD)).status).toBe(401);
  expect((await statusOf(PASSWORD, basic)).status).toBe(200);
});

test('a token opens metrics to a collector, and nothing else', async () => {
  const both = { ...PASSWORD, ...TOKEN };
  expect((await statusOf(both, 'Bearer let-me-in')).status).toBe(200);
  expect((await statusOf(both, 'Bearer let-me-out')).status).toBe(401);
  expect((await statusOf(both, 'Bearer let-me-in', '/')).status).toBe(401);
  expect((await statusOf(both, basic)).status).toBe(200);
});

test('without metrics there is no such page', async () => {
  const dashboard = await createDashboard({
    queues: [],
    warehouse: emptyWarehouse,
    operator: createOperatorSpy(),
    findJobs: async () => [],
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
    version: '1',
    isReady: async () => ({ ok: true, checks: [] }),
  });
  open.push(dashboard);
  expect((await fetch(`${dashboard.url}/metrics`)).status).toBe(404);
});
