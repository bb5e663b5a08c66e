import { isIP } from 'node:net';
import {
  type Clock,
  ConfigError,
  InvariantError,
  type Logger,
  type RateBudget,
  type RateLane,
  type RateLimitKey,
  redactUrl,
  ThrottledError,
  type Tracer,
} from '@edgeledger/core';
import pLimit from 'p-limit';
import { isForbiddenAddress } from './guarded-lookup.ts';
import { createAttempts, type Outcome } from './http-attempt.ts';
import type { HttpResponse } from './http-response.ts';
import { createLocalRateBudget } from './local-rate-budget.ts';
import { isLoopbackHost } from './loopback.ts';
import { type RateLimit, toWindow } from './rate-limit.ts';
import { findExhaustedMs, toBackoffMs } from './retry.ts';
import { systemTimers, type Timers } from './timers.ts';

export interface HttpClientOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly userAgent?: string;
  readonly connectTimeoutMs?: number;
  /** From the request's last byte to the response's headers. */
  readonly headersTimeoutMs?: number;
  /** Between two pieces of the body, while we are reading. */
  readonly bodyTimeoutMs?: number;
  /** Attempts per request, the first included. */
  readonly maxAttempts?: number;
  /** A vendor that wants a longer wait than this gets a ThrottledError instead. */
  readonly maxInlineWaitMs?: number;
  /** Requests at a time and lane, until their bodies are read. */
  readonly concurrency?: number;
  /** Counted per `rateKey` of the requests. */
  readonly rateLimit?: RateLimit;
  /** Where it is counted, when others share it; without one this client counts for itself. */
  readonly rateBudget?: () => RateBudget | undefined;
  /** What the shared limits belong to, a vendor's account: `akamai/default`. */
  readonly rateScope?: string;
  /** How long everybody waits after a 429 that names no time. Default: the attempt backs off like any other. */
  readonly throttleMs?: number;
  /** Host names that plain http is allowed to, besides loopback. */
  readonly allowInsecureHosts?: readonly string[];
  /** Told of every attempt when its answer begins, or when it failed. */
  readonly onAttempt?: (attempt: AttemptFacts) => void;
  /** Every attempt is a span, up to its response's headers. */
  readonly tracer?: Tracer;
  readonly timers?: Timers;
  /** In [0, 1), for jitter. */
  readonly random?: () => number;
}

export interface AttemptFacts {
  /** The client's `rateScope`, else the host. */
  readonly scope: string;
  /** 0 when no answer came. */
  readonly status: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** As a function: called for every attempt, so that a signature is never sent twice. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>);
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** May be sent again after it may have been processed. Default true: all our requests only read. */
  readonly idempotent?: boolean;
  /** Statuses that are given back instead of thrown. Default 200. Listed ones are not retried. */
  readonly expectStatuses?: readonly number[];
  /** Completes "Could not …" in messages: "list imgix reports". */
  readonly what: string;
  /** Requests with the same key share a rate limit; default: all share one. */
  readonly rateKey?: string;
  /** The limit of this request's `rateKey`, where it is not the client's. */
  readonly rateLimit?: RateLimit;
  /** Default `live`. */
  readonly lane?: RateLane;
  /** What to do about a final status, per status. */
  readonly advice?: Readonly<Partial<Record<number, string>>>;
}

export interface HttpClient {
  /**
   * @throws TransientError, ThrottledError, ConfigError, ContractError as `status-map.ts` and
   * `transport-error.ts` say, or the signal's reason.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const timers = options.timers ?? systemTimers;
  const random = options.random ?? Math.random;
  const maxAttempts = options.maxAttempts ?? 4;
  const maxInlineWaitMs = options.maxInlineWaitMs ?? 20_000;
  const concurrency = options.concurrency ?? 8;
  // a backfill that waits for the rate budget must not keep live requests from theirs
  const lanes = { live: pLimit(concurrency), backfill: pLimit(concurrency) };
  const ownBudget = createLocalRateBudget(timers);
  const attempts = createAttempts(options);

  /** One attempt, in its place of the budget. */
  async function attempt(request: HttpRequest, limit: RateLimitKey, budget: RateBudget): Promise<Outcome> {
    const { lane = 'live', signal } = request;
    const place = await budget.take(limit, { lane, signal, maxPauseMs: maxInlineWaitMs }).catch((thrown) => {
      throw thrown instanceof ThrottledError ? toPausedError(request, thrown.retryAfterMs) : thrown;
    });
    try {
      return await attempts.attempt(request);
    } finally {
      place.release();
    }
  }

  async function requestWithRetries(request: HttpRequest): Promise<HttpResponse> {
    const limit = toLimitKey(request, options);
    const budget = (Number.isFinite(limit.requests) ? options.rateBudget?.() : undefined) ?? ownBudget;
    for (let attemptNo = 1; ; attemptNo += 1) {
      const outcome = withThrottle(await attempt(request, limit, budget), options.throttleMs);
      if (outcome.kind === 'done') {
        // the last request that was allowed: the next one would be refused
        const exhaustedMs = findExhaustedMs(outcome.response.headers, options.clock.now());
        if (exhaustedMs > 0) await budget.pause(limit, exhaustedMs);
        return outcome.response;
      }
      const backoffMs = toBackoffMs(attemptNo, random());
      // a told time is kept exactly or exceeded, never shortened: the jitter comes on top
      const waitMs = outcome.waitMs === undefined ? backoffMs : outcome.waitMs + Math.round(random() * 250);
      if (outcome.waitMs !== undefined && !outcome.final) await budget.pause(limit, outcome.waitMs);
      if (outcome.final || attemptNo >= maxAttempts || waitMs > maxInlineWaitMs) throw outcome.error;
      options.logger.debug(
        { url: redactUrl(request.url), attempt: attemptNo, waitMs, reason: outcome.error.message },
        'vendor request failed, trying again',
      );
      await timers.sleep(waitMs, request.signal);
    }
  }

  return {
    async request(request) {
      request.signal?.throwIfAborted();
      assertAllowedScheme(request, options.allowInsecureHosts ?? []);
      return withSlot(lanes[request.lane ?? 'live'], () => requestWithRetries(request));
    },
    close: () => attempts.close(),
  };
}

/** Holds a place among the concurrent requests until the response's body was read or destroyed. */
function withSlot(
  limit: ReturnType<typeof pLimit>,
  send: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    limit(async () => {
      try {
        const response = await send();
        resolve(response);
        await response.closed;
      } catch (thrown) {
        reject(thrown);
      }
    }).catch((thrown: unknown) => reject(new InvariantError('The request queue failed.', { cause: thrown })));
  });
}

function toLimitKey(request: HttpRequest, options: HttpClientOptions): RateLimitKey {
  const key = `${options.rateScope ?? request.url.host}/${request.rateKey ?? ''}`;
  return { key, ...toWindow(request.rateLimit ?? options.rateLimit) };
}

function withThrottle(outcome: Outcome, throttleMs: number | undefined): Outcome {
  if (outcome.kind === 'done' || outcome.waitMs !== undefined || throttleMs === undefined) return outcome;
  if (!(outcome.error instanceof ThrottledError)) return outcome;
  const { message, context } = outcome.error;
  return { ...outcome, waitMs: throttleMs, error: new ThrottledError(message, throttleMs, { context }) };
}

/** Another request was told to wait for long: this one need not ask to hear it again. */
function toPausedError(request: HttpRequest, pausedForMs: number): ThrottledError {
  const message = `Could not ${request.what}: ${request.url.host} asked for a pause, ${Math.ceil(pausedForMs / 1000)} s are left.`;
  return new ThrottledError(message, pausedForMs);
}

function assertAllowedScheme(request: HttpRequest, allowInsecureHosts: readonly string[]): void {
  const { protocol, hostname } = request.url;
  const literal = hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && isForbiddenAddress(literal)) {
    throw new ConfigError(
      'source.host-not-allowed',
      `Could not ${request.what}: ${request.url.host} is an address that no vendor has (link-local, multicast or unspecified).`,
    );
  }
  if (protocol === 'https:') return;
  if (protocol === 'http:' && (isLoopbackHost(hostname) || allowInsecureHosts.includes(hostname))) return;
  throw new ConfigError(
    'source.host-not-allowed',
    `Could not ${request.what}: ${redactUrl(request.url)} is not https. Plain http is only for this machine (loopback).`,
  );
}
