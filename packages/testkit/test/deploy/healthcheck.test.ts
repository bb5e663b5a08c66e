import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findFreePort } from '../../src/redis-server.ts';

const SCRIPT = join(import.meta.dirname, '..', '..', '..', '..', 'deploy', 'docker', 'healthcheck.mjs');

async function serve(status: number, path = '/readyz'): Promise<string> {
  const server = createServer((request, answer) => {
    answer.writeHead(request.url === path ? status : 404).end(`answer ${status}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' ? String(address?.port) : '';
}

async function check(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [SCRIPT, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

test('a role that is ready on either port is healthy, one that is not ready or not there is not', async () => {
  const [ready, notReady] = [await serve(200), await serve(503)];
  const nobody = String(await findFreePort());
  expect(await check({ METRICS_PORT: ready, PORT: notReady })).toMatchObject({ code: 0 });
  expect(await check({ METRICS_PORT: nobody, PORT: ready })).toMatchObject({ code: 0 });
  const { code, output } = await check({ METRICS_PORT: notReady, PORT: nobody });
  expect(code).toBe(1);
  expect(output).toBe(`${notReady}/readyz: answer 503\n${nobody}/readyz: ECONNREFUSED\n`);
  expect(await check({})).toMatchObject({ code: 1 });
});

test('another place can be named', async () => {
  const port = await serve(200, '/emulator.json');
  expect(await check({}, `${port}/emulator.json`)).toMatchObject({ code: 0 });
  expect(await check({}, `${port}/readyz`)).toMatchObject({ code: 1 });
});
