import type { Socket } from 'node:net';
import type { Logger } from '@edgeledger/core';
import type pg from 'pg';

/** How long an answer to `SELECT 1` may take, in ms. */
const ANSWER_LIMIT_MS = 5_000;

/**
 * Workers keep a connection each to be told of new jobs, and hear nothing for long when there are none: also when the
 * connection is dead and nobody said so. So connections that are kept are asked from time to time, and broken when they do not
 * answer: BullMQ makes a new one for one that breaks, but not for one that we end, of which pg tells nobody.
 */
export function watchListeners(pool: pg.Pool, logger: Logger, everyMs: number): { stop(): void } {
  const kept = new Map<pg.PoolClient, number>();
  pool.on('acquire', (client) => kept.set(client, performance.now()));
  pool.on('release', (_error, client) => kept.delete(client));
  pool.on('remove', (client) => kept.delete(client));
  const timer = setInterval(() => {
    const limit = performance.now() - everyMs;
    for (const [client, since] of kept) if (since < limit) void ask(client);
  }, everyMs);
  timer.unref();
  const ask = async (client: pg.PoolClient): Promise<void> => {
    try {
      await client.query({ text: 'SELECT 1', query_timeout: ANSWER_LIMIT_MS } as pg.QueryConfig);
    } catch {
      if (!kept.delete(client)) return;
      logger.warn({}, 'a connection to the queue is dead and is given up');
      breakConnection(client);
    }
  };
  return { stop: () => clearInterval(timer) };
}

/** pg has no word for it: `end()` would tell nobody, and would wait for a server that does not answer. */
function breakConnection(client: pg.PoolClient): void {
  const { connection } = client as unknown as { readonly connection: { readonly stream: Socket } };
  connection.stream.destroy(new Error('The server did not answer on this connection.'));
}
