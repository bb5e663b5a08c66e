import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createGuardedFetch } from './guarded-fetch.ts';

async function serve(location?: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(location === undefined ? 200 : 307, location === undefined ? {} : { location });
    response.end('here');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}

const refusal = { cause: { code: 'EFORBIDDENADDRESS' } };

test('what may be asked is asked', async () => {
  expect(await (await createGuardedFetch()(await serve())).text()).toBe('here');
});

test.each([
  'http://169.254.169.254/latest',
  'http://[fe80::1]/',
  'http://2852039166/',
  'https://[::a9fe:a9fe]/',
])('%s is not connected to, nor where a redirect leads there', async (address) => {
  const guarded = createGuardedFetch();
  await expect(guarded(address)).rejects.toMatchObject(refusal);
  await expect(guarded(await serve(address))).rejects.toMatchObject(refusal);
});
