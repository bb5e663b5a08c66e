import type { Logger } from '@edgeledger/core';
import pg from 'pg';

/*
 * A connection may be dead without anybody saying so: a firewall or a proxy forgot it, the other end went away with its
 * machine. TCP notices only when it sends something, after a quarter of an hour, and not at all where somebody in between
 * acknowledges. A statement has no time limit here, because publishing a large report may take long. So where nothing
 * came or went for a while, the server is asked, by another connection, whether it is at work on that statement.
 */

export interface PoolWatch {
  stop(): void;
}

export interface PoolWatchOptions {
  readonly connectionString: string;
  readonly logger: Logger;
  /** How long nothing may come or go before the server is asked, in ms. */
  readonly silenceMs: number;
}

/** What is looked at of a driver's client; none of it is in its published types. */
interface Inside {
  readonly processID?: number | null;
  readonly connection?: {
    readonly stream?: {
      readonly bytesRead?: number;
      readonly bytesWritten?: number;
      readonly writableLength?: number;
    };
  };
  /** A COPY is a stream, which has ended when everything was sent. */
  readonly _activeQuery?: { readonly writableEnded?: boolean } | null;
}

interface Watched {
  moved: number;
  /** Looks in a row at which nothing had moved and the server did not work for it, or did not answer. */
  strikes: number;
}

/** One look may fall between two statements. */
const STRIKES_IDLE = 2;
const STRIKES_UNKNOWN = 3;
const PROBE_LIMIT_MS = 5_000;

type ServerView = 'works' | 'reads' | 'idle' | 'unknown';

/** Ends connections that are in use and dead; whoever waits for them gets an error that is tried again. */
export function watchPool(pool: pg.Pool, options: PoolWatchOptions): PoolWatch {
  const watched = new Map<pg.PoolClient, Watched>();
  pool.on('acquire', (client) => watched.set(client, { moved: countMoved(client), strikes: 0 }));
  pool.on('release', (_error, client) => watched.delete(client));
  pool.on('remove', (client) => watched.delete(client));
  let isLooking = false;
  const timer = setInterval(async () => {
    if (isLooking) return;
    isLooking = true;
    await lookAtAll(watched, options);
    isLooking = false;
  }, options.silenceMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

async function lookAtAll(watched: Map<pg.PoolClient, Watched>, options: PoolWatchOptions): Promise<void> {
  for (const [client, state] of [...watched]) {
    const moved = countMoved(client);
    if (moved !== state.moved) {
      state.moved = moved;
      state.strikes = 0;
      continue;
    }
    const view = await askServer(client, options.connectionString);
    // it may have been given back, or come alive, while the server was asked
    if (watched.get(client) !== state || countMoved(client) !== moved) continue;
    if (view === 'works' || (view === 'reads' && !isWaitingForServer(client))) {
      state.strikes = 0;
      continue;
    }
    state.strikes += 1;
    if (state.strikes < (view === 'unknown' ? STRIKES_UNKNOWN : STRIKES_IDLE)) continue;
    watched.delete(client);
    options.logger.warn({ server: view }, 'a connection to Postgres is dead and is given up');
    // with a statement under way this cuts the connection instead of saying good-bye
    void (client as unknown as pg.Client).end().catch(() => undefined);
  }
}

function inside(client: pg.PoolClient): Inside {
  return client as unknown as Inside;
}

function countMoved(client: pg.PoolClient): number {
  const stream = inside(client).connection?.stream;
  return (stream?.bytesRead ?? 0) + (stream?.bytesWritten ?? 0) - (stream?.writableLength ?? 0);
}

/** Of a COPY: whether it is not us who have nothing to send. */
function isWaitingForServer(client: pg.PoolClient): boolean {
  const { connection, _activeQuery: query } = inside(client);
  return (connection?.stream?.writableLength ?? 0) > 0 || query?.writableEnded !== false;
}

async function askServer(client: pg.PoolClient, connectionString: string): Promise<ServerView> {
  const pid = inside(client).processID;
  if (typeof pid !== 'number') return 'unknown';
  const probe = new pg.Client({
    connectionString,
    connectionTimeoutMillis: PROBE_LIMIT_MS,
    query_timeout: PROBE_LIMIT_MS,
    application_name: 'edgeledger probe',
  });
  probe.on('error', () => undefined);
  try {
    await probe.connect();
    const found = await probe.query<{ state: string | null; wait_event: string | null }>(
      'SELECT state, wait_event FROM pg_stat_activity WHERE pid = $1',
      [pid],
    );
    const row = found.rows[0];
    if (row === undefined || row.state === null || row.state.startsWith('idle')) return 'idle';
    if (row.wait_event === 'ClientRead') return 'reads';
    return row.wait_event === 'ClientWrite' ? 'idle' : 'works';
  } catch {
    return 'unknown';
  } finally {
    void probe.end().catch(() => undefined);
  }
}
