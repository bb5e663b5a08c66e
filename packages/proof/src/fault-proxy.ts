import { connect, createServer, type Socket } from 'node:net';

/** A place between the product and a server where connections go wrong as they do in networks. */
export interface FaultProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Faults that hit a connection so far. */
  readonly injected: number;
  /** Every connection is reset, as by a server that crashed or a firewall that gave up. */
  reset(): void;
  /** Nothing is forwarded any more, either way, also of new connections; nobody is told. */
  stall(): void;
  /** What is open stays silent for ever while new connections work: the peer forgot the old ones. */
  halfOpen(): void;
  /** Ends the next connection that sends so many bytes to the server, in the middle of what it was saying. */
  cutAfter(sizeBytes: number): void;
  /** At most so many bytes per second and connection, either way. */
  throttle(bytesPerSecond: number): void;
  /** New connections are refused and open ones reset, as while a server is away. */
  refuse(): void;
  /** From now on everything passes; what was stalled goes on. */
  heal(): void;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  sent: number;
  isSilent: boolean;
}

type Mode = 'pass' | 'stall' | 'refuse';

export async function openFaultProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<FaultProxy> {
  const pairs = new Set<Pair>();
  const state = { mode: 'pass' as Mode, cutAfter: Number.POSITIVE_INFINITY, rate: 0, injected: 0 };

  const drop = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  };
  const hit = (pair: Pair): void => {
    state.injected += 1;
    drop(pair);
  };
  const isHeld = (pair: Pair): boolean => pair.isSilent || state.mode === 'stall';

  const forward = (pair: Pair, from: Socket, to: Socket): void => {
    from.on('data', (chunk: Buffer) => {
      if (from === pair.client) {
        pair.sent += chunk.length;
        if (pair.sent > state.cutAfter) {
          state.cutAfter = Number.POSITIVE_INFINITY;
          // the server gets the beginning of what it will never get the end of
          to.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => hit(pair));
          return;
        }
      }
      if (pair.isSilent) return;
      to.write(chunk);
      if (to.writableNeedDrain || state.rate > 0) from.pause();
      if (state.rate > 0) setTimeout(() => resume(pair, from), (1000 * chunk.length) / state.rate);
    });
    to.on('drain', () => {
      if (state.rate === 0) resume(pair, from);
    });
    from.on('error', () => drop(pair));
    from.on('close', () => {
      if (!isHeld(pair)) drop(pair);
      else if (from === pair.client) drop(pair);
    });
  };
  const resume = (pair: Pair, socket: Socket): void => {
    if (!isHeld(pair)) socket.resume();
  };

  const listener = createServer((client) => {
    if (state.mode === 'refuse') {
      state.injected += 1;
      client.resetAndDestroy();
      return;
    }
    const pair: Pair = { client, server: connect(target), sent: 0, isSilent: false };
    pairs.add(pair);
    forward(pair, client, pair.server);
    forward(pair, pair.server, client);
    if (state.mode === 'stall') hold(pair);
  });
  const hold = (pair: Pair): void => {
    state.injected += 1;
    pair.client.pause();
    pair.server.pause();
  };
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', resolve);
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');

  return {
    host: '127.0.0.1',
    port: address.port,
    get open() {
      return pairs.size;
    },
    get injected() {
      return state.injected;
    },
    reset: () => {
      for (const pair of [...pairs]) hit(pair);
    },
    stall: () => {
      state.mode = 'stall';
      for (const pair of pairs) hold(pair);
    },
    halfOpen: () => {
      for (const pair of pairs) {
        pair.isSilent = true;
        state.injected += 1;
        // the server is told, so that what it held for this connection is free again
        pair.server.resetAndDestroy();
      }
    },
    cutAfter: (sizeBytes) => {
      state.cutAfter = sizeBytes;
    },
    throttle: (bytesPerSecond) => {
      state.rate = bytesPerSecond;
      state.injected += pairs.size;
    },
    refuse: () => {
      state.mode = 'refuse';
      for (const pair of [...pairs]) hit(pair);
    },
    heal: () => {
      state.mode = 'pass';
      state.rate = 0;
      for (const pair of pairs) {
        resume(pair, pair.client);
        resume(pair, pair.server);
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const pair of [...pairs]) drop(pair);
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}

/** The same address by way of the proxy. */
export function throughProxy(url: string, proxy: Pick<FaultProxy, 'host' | 'port'>): string {
  const through = new URL(url);
  through.hostname = proxy.host;
  through.port = String(proxy.port);
  return through.href;
}

/** Where a URL points, for a proxy to forward to. */
export function toTarget(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname, port: Number(port === '' ? (protocol.startsWith('redis') ? 6379 : 5432) : port) };
}
