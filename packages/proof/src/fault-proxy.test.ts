import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultProxy, openFaultProxy, throughProxy, toTarget } from './fault-proxy.ts';
import { holdsWithin } from './until.ts';

let server: Server;
let received: string;
let proxy: FaultProxy;
const clients: Client[] = [];

interface Client {
  readonly socket: Socket;
  readonly text: () => string;
  readonly isClosed: () => boolean;
}

/** The server answers with what it got. */
beforeEach(async () => {
  received = '';
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received += chunk.toString();
      socket.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await openFaultProxy({ host: '127.0.0.1', port: address.port });
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy[Symbol.asyncDispose]();
  server.close();
});

async function openClient(): Promise<Client> {
  const socket = connect(proxy.port, proxy.host);
  let text = '';
  let closed = false;
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
  });
  await once(socket, 'connect');
  const client = { socket, text: () => text, isClosed: () => closed };
  clients.push(client);
  return client;
}

const hears = (client: Client, text: string) => holdsWithin(2_000, () => client.text().endsWith(text), 5);

test('everything passes while nothing is wrong', async () => {
  const client = await openClient();
  client.socket.write('hello');
  expect(await hears(client, 'hello')).toBe(true);
  expect(proxy.injected).toBe(0);
});

test('a reset ends what is open, and new connections work', async () => {
  const client = await openClient();
  client.socket.write('a');
  await hears(client, 'a');
  proxy.reset();
  expect(await holdsWithin(2_000, client.isClosed, 5)).toBe(true);
  const next = await openClient();
  next.socket.write('b');
  expect(await hears(next, 'b')).toBe(true);
  expect(proxy.injected).toBe(1);
});

test('a stall keeps everything back until it is over, and loses nothing', async () => {
  const client = await openClient();
  client.socket.write('a');
  await hears(client, 'a');
  proxy.stall();
  client.socket.write('b');
  expect(await holdsWithin(150, () => client.text() === 'ab', 5)).toBe(false);
  expect(client.isClosed()).toBe(false);
  proxy.heal();
  expect(await hears(client, 'ab')).toBe(true);
});

test('a half-open connection is silent for ever while a new one works', async () => {
  const client = await openClient();
  client.socket.write('a');
  await hears(client, 'a');
  proxy.halfOpen();
  client.socket.write('b');
  const next = await openClient();
  next.socket.write('c');
  expect(await hears(next, 'c')).toBe(true);
  expect(client.text()).toBe('a');
  expect(client.isClosed()).toBe(false);
  expect(received).not.toContain('b');
});

test('a cut delivers the beginning of what was said, once', async () => {
  const client = await openClient();
  proxy.cutAfter(10);
  client.socket.write('x'.repeat(40));
  expect(await holdsWithin(2_000, client.isClosed, 5)).toBe(true);
  expect(received).toBe('x'.repeat(20));
  const next = await openClient();
  next.socket.write('y'.repeat(40));
  expect(await hears(next, 'y'.repeat(40))).toBe(true);
});

test('a throttled connection is slower than its rate, and whole', async () => {
  const client = await openClient();
  proxy.throttle(1_000);
  const startedAt = performance.now();
  for (const piece of ['a', 'b', 'c']) {
    client.socket.write(piece.repeat(60));
    await hears(client, piece.repeat(60));
  }
  expect(performance.now() - startedAt).toBeGreaterThan(120);
  expect(client.text()).toHaveLength(180);
});

test('while it refuses nobody gets through', async () => {
  proxy.refuse();
  const refused = connect(proxy.port, proxy.host);
  refused.on('error', () => undefined);
  expect(await holdsWithin(2_000, () => refused.destroyed, 5)).toBe(true);
  proxy.heal();
  const next = await openClient();
  next.socket.write('a');
  expect(await hears(next, 'a')).toBe(true);
});

test('an address by way of the proxy keeps everything but host and port', () => {
  const url = throughProxy('postgres://user:secret@db:5432/warehouse', { host: '127.0.0.1', port: 7 });
  expect(url).toBe('postgres://user:secret@127.0.0.1:7/warehouse');
  expect(toTarget('redis://cache')).toEqual({ host: 'cache', port: 6379 });
});
