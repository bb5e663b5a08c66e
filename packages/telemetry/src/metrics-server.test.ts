import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { ConfigError, Secret, silentLogger } from '@edgeledger/core';
import { afterEach, expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';
import { type MetricsServer, type MetricsServerOptions, openMetricsServer } from './metrics-server.ts';

const open: MetricsServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function start(options: Partial<MetricsServerOptions> = {}): Promise<string> {
  const server = await openMetricsServer({
    host: '127.0.0.1',
    port: 0,
    metrics: createMetrics({ version: '1.2.3', role: 'worker' }),
    logger: silentLogger,
    isReady: async () => ({ ok: true, checks: [{ name: 'warehouse', ok: true }] }),
    ...options,
  });
  open.push(server);
  return server.url;
}

test('metrics, health and readiness are served, and nothing else', async () => {
  const url = await start();
  const metrics = await fetch(`${url}/metrics`);
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await metrics.text()).toContain('edgeledger_build_info{version="1.2.3",role="worker"} 1');
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
  const ready = await fetch(`${url}/readyz?verbose`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toEqual({ status: 'ready', checks: [{ name: 'warehouse', ok: true }] });
  expect((await fetch(`${url}/`)).status).toBe(404);
});

test('with a token only who has it sees the metrics; probes need none', async () => {
  const url = await start({ token: new Secret('let-me-in') });
  const status = async (authorization: string) =>
    (await fetch(`${url}/metrics`, { headers: { authorization } })).status;
  expect((await fetch(`${url}/metrics`)).status).toBe(401);
  expect(await status('Bearer let-me-out')).toBe(401);
  expect(await status('Basic let-me-in')).toBe(401);
  expect(await status('Bearer let-me-in')).toBe(200);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test('a process that cannot reach its stores is alive and not ready, with the reason', async () => {
  const throwing = await start({ isReady: () => Promise.reject(new Error('Postgres is away')) });
  expect((await fetch(`${throwing}/healthz`)).status).toBe(200);
  const response = await fetch(`${throwing}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('Postgres is away');

  const hanging = await start({ isReady: () => new Promise(() => undefined), readyTimeoutMs: 20 });
  const late = await fetch(`${hanging}/readyz`);
  expect(late.status).toBe(503);
  expect(await late.text()).toContain('no answer within 20 ms');
});

test('a port in use is said by the name of its setting', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const refused = await start({ port }).catch((error: unknown) => error);
  other.close();
  expect(refused).toBeInstanceOf(ConfigError);
  expect(String(refused)).toMatch(/EADDRINUSE.*METRICS_PORT/);
});

async function connectTo(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Not by `events.once`: whoever is cut off while writing may be told by an error first, and that would reject. */
function cutOff(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.resume().once('close', () => resolve()));
}

test('who sends a request byte by byte is cut off', async () => {
  const socket = await connectTo(await start({ requestTimeoutMs: 200 }));
  socket.write('POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n');
  const drip = setInterval(() => socket.write('a'), 20);
  await cutOff(socket).finally(() => clearInterval(drip));
});

test('connections are counted, and the one too many is hung up', async () => {
  const url = await start();
  const sockets: Socket[] = [];
  for (let count = 0; count < 100; count += 1) sockets.push(await connectTo(url));
  const surplus = await connectTo(url);
  await cutOff(surplus);
  sockets.pop()?.destroy();
  await expect.poll(async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.status).toBe(200);
  for (const socket of sockets) socket.destroy();
});
