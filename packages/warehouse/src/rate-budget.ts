import { type Logger, type RateBudget, type RateLimitKey, ThrottledError, toReserve } from '@edgeledger/core';
import type { Connection } from './connect.ts';
import { createTranslator } from './pg-errors.ts';

/**
 * For so long a place stays taken without a word of who took it. A request may take longer, and its process says so; that of a
 * killed one is free after it, because with few places a few of them would stop everybody else.
 */
const LEASE_MS = 15_000;
/** While it is not known when a place is free, it is looked for this often. */
const LOOK_AGAIN_MS = { least: 20, most: 500 };
const JITTER_MS = 25;

interface Taken {
  readonly place_id: string | null;
  readonly wait_ms: number | null;
  readonly paused_ms: number;
}

/**
 * The budget that all workers of a warehouse share. Every instant in it is Postgres's, so the clocks of the
 * workers do not matter.
 */
export function createRateBudget(connection: Connection, logger: Logger, leaseMs = LEASE_MS): RateBudget {
  const ask = createTranslator(connection.label);
  const leases = createLeases(connection, logger, leaseMs);

  const takePlace = (limit: RateLimitKey, allowed: number) =>
    ask(`Taking a place in the rate budget ${limit.key}`, async () => {
      const result = await connection.queries.query<Taken>(
        // with types: a function of the same name for other ones, which every loader may make there, is not meant
        `SELECT place_id, wait_ms, coalesce(paused_ms, 0) AS paused_ms
         FROM staging.take_rate_place($1::text, $2::integer, $3::double precision)`,
        [limit.key, allowed, limit.perMs + leaseMs],
      );
      return result.rows[0];
    });

  const release = (limit: RateLimitKey, placeId: string): void => {
    leases.end(placeId);
    connection.queries
      .query(
        `UPDATE staging.rate_places SET released = true, free_at = clock_timestamp() + $2 * interval '1 millisecond'
         WHERE place_id = $1 AND NOT released`,
        [placeId, limit.perMs],
      )
      .catch((error: unknown) => {
        // it expires by itself
        logger.debug(
          { budget: limit.key, reason: String(error) },
          'a place in a rate budget was not released',
        );
      });
  };

  return {
    async take(limit, { lane, signal, maxPauseMs }) {
      const allowed = lane === 'live' ? limit.requests : limit.requests - toReserve(limit.requests);
      for (;;) {
        signal?.throwIfAborted();
        const taken = await takePlace(limit, allowed);
        if (taken?.place_id != null) {
          const placeId = taken.place_id;
          leases.begin(placeId, limit.perMs);
          return { release: () => release(limit, placeId) };
        }
        if (taken !== undefined && taken.paused_ms > maxPauseMs) throw toPausedError(limit, taken.paused_ms);
        await sleep(toWaitMs(taken?.wait_ms ?? null, limit), signal);
      }
    },
    async pause(limit, durationMs) {
      await ask(`Pausing the rate budget ${limit.key}`, () =>
        connection.queries.query(
          `INSERT INTO staging.rate_budgets AS budget (budget_key, paused_until)
           VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond')
           ON CONFLICT (budget_key) DO UPDATE SET paused_until = greatest(budget.paused_until, excluded.paused_until)`,
          [limit.key, durationMs],
        ),
      );
    },
  };
}

interface Leases {
  begin(placeId: string, perMs: number): void;
  end(placeId: string): void;
}

/** Keeps the places of requests that are on their way. */
function createLeases({ queries }: Connection, logger: Logger, leaseMs: number): Leases {
  const places = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let isRenewing = false;
  const renew = async (): Promise<void> => {
    if (isRenewing) return;
    isRenewing = true;
    try {
      await queries.query(
        `UPDATE staging.rate_places SET free_at = clock_timestamp() + held.for_ms * interval '1 millisecond'
         FROM unnest($1::bigint[], $2::float8[]) AS held (place_id, for_ms)
         WHERE rate_places.place_id = held.place_id AND NOT released`,
        [[...places.keys()], [...places.values()].map((perMs) => perMs + leaseMs)],
      );
    } catch (error) {
      // at worst the vendor gets a request too many, and says so
      logger.debug({ reason: String(error) }, 'places in rate budgets were not kept');
    } finally {
      isRenewing = false;
    }
  };
  return {
    begin: (placeId, perMs) => {
      places.set(placeId, perMs);
      timer ??= setInterval(() => void renew(), leaseMs / 3).unref();
    },
    end: (placeId) => {
      places.delete(placeId);
      if (places.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/** A little jitter, so that waiting workers do not come back together. */
function toWaitMs(waitMs: number | null, limit: RateLimitKey): number {
  const { least, most } = LOOK_AGAIN_MS;
  const known = waitMs ?? Math.min(most, Math.max(least, limit.perMs / 20));
  return Math.max(least, Math.ceil(known)) + Math.random() * JITTER_MS;
}

function toPausedError(limit: RateLimitKey, pausedMs: number): ThrottledError {
  const seconds = Math.ceil(pausedMs / 1000);
  return new ThrottledError(
    `The vendor asked for a pause of ${limit.key}, ${seconds} s are left. It is asked again when it is over.`,
    pausedMs,
  );
}

function sleep(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, durationMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
