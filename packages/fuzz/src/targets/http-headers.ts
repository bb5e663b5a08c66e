import { createServer, type Socket } from 'node:net';
import { silentLogger, systemClock, ThrottledError } from '@edgeledger/core';
import { createHttpClient, findVendorWaitMs, type Timers } from '@edgeledger/http';
import { mutate } from '../mutate.ts';
import { assertSound, type Target } from '../target.ts';

const SAMPLES = [
  'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nDate: Fri, 20 Nov 2026 06:00:00 GMT\r\nContent-Length: 2\r\n\r\n{}',
  'HTTP/1.1 503 Busy\r\nRetry-After: Fri, 20 Nov 2026 06:00:07 GMT\r\nDate: Fri, 20 Nov 2026 06:00:00 GMT\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Next: 2026-11-20T06:00:10Z\r\nContent-Length: 10\r\n\r\n{"data":[]}',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nakamai-ratelimit-remaining: 0\r\nakamai-ratelimit-next: 1763618410\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n',
  'HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nContent-Length: 60\r\n\r\n{"title":"No","detail":"a.b.c://x?y=1","errors":[{"title":1}]}',
  'HTTP/1.1 429 Slow\r\nConnection: close\r\n\r\n{"rateLimitNextRequest":"2026-11-20T06:01:00Z"}',
].map((text) => Buffer.from(text));

/** What goes into a header's value that is a time, a number or neither. */
const VALUES = [
  '1e9',
  '99999999999999999999',
  `${'9'.repeat(400)}`,
  '-1',
  '0x10',
  '1.5',
  '',
  'NaN',
  '275760-09-13T00:00:00Z',
  '+275761',
  '8640000000001',
  '9999999999',
  '0000000000',
  'a'.repeat(9000),
];

/** No vendor is waited for longer than a day without being asked again. */
const LONGEST_WAIT_MS = 86_400_000;

/** Raw bytes instead of an HTTP answer, over a socket. */
export async function createHttpTarget(): Promise<Target> {
  let answer: Buffer = Buffer.alloc(0);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  // one for each case: what an answer says to wait, the client remembers
  let nowMs = 0;
  const timers: Timers = {
    nowMs: () => nowMs,
    sleep: async (durationMs) => {
      nowMs += durationMs;
    },
  };
  const open = () =>
    createHttpClient({
      logger: silentLogger,
      clock: systemClock,
      maxAttempts: 2,
      headersTimeoutMs: 1000,
      bodyTimeoutMs: 1000,
      timers,
    });
  return {
    name: 'http',
    samples: SAMPLES,
    make: (random) => {
      if (random.chance(0.5)) return mutate(SAMPLES, random);
      const text = random.pick(SAMPLES).toString('latin1');
      const name = random.pick([
        'Retry-After',
        'Date',
        'X-RateLimit-Next',
        'akamai-ratelimit-next',
        'Content-Length',
        'Location',
      ]);
      const head = `${name}: ${random.pick(VALUES)}\r\n`;
      const place = text.indexOf('\r\n') + 2;
      return Buffer.from(
        text.slice(0, place) + head + text.slice(place).replace(new RegExp(`^${name}:.*\r\n`, 'im'), ''),
        'latin1',
      );
    },
    async run(input) {
      answer = input;
      const http = open();
      try {
        const response = await http.request({
          method: 'GET',
          url: new URL(`http://127.0.0.1:${port}/x?token=planted5ecret`),
          what: 'fuzz',
        });
        const waitMs = findVendorWaitMs(response.headers, new Date());
        assertWait(waitMs ?? 0);
        await response.json(1_000_000);
      } catch (thrown) {
        if (thrown instanceof ThrottledError) assertWait(thrown.retryAfterMs);
        const text = thrown instanceof Error ? thrown.message : '';
        assertSound(
          !text.includes('planted5ecret') || input.includes('planted5ecret'),
          () => 'a message prints the query',
        );
        throw thrown;
      } finally {
        await http.close();
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function assertWait(waitMs: number): void {
  assertSound(waitMs >= 0 && waitMs <= LONGEST_WAIT_MS, () => `a wait of ${waitMs} ms`);
}
