import { silentTracer } from '@edgeledger/core';
import { guardedLookup } from './guarded-lookup.ts';
import type { HttpClientOptions, HttpRequest } from './http-client.ts';
import { createHttpResponse, type HttpResponse, readErrorBody } from './http-response.ts';
import { findBodyWaitMs, findVendorWaitMs, isRetryableStatus } from './retry.ts';
import { toStatusError } from './status-map.ts';
import { isWorthRetryingNow, toConnectError } from './transport-error.ts';
import { toVendorMessage } from './vendor-message.ts';

/** What came of sending a request once. */
export type Outcome =
  | { readonly kind: 'done'; readonly response: HttpResponse }
  | {
      readonly kind: 'failed';
      readonly error: Error;
      readonly waitMs: number | undefined;
      readonly final: boolean;
    };

export interface Attempts {
  /** Never throws for what a server or network does, only the signal's reason. */
  attempt(request: HttpRequest): Promise<Outcome>;
  close(): Promise<void>;
}

/** Sends requests, each once, over an agent of its own. */
export function createAttempts(options: HttpClientOptions): Attempts {
  let opened: ReturnType<typeof openAgent> | undefined;

  async function send(request: HttpRequest): Promise<HttpResponse> {
    const headers = typeof request.headers === 'function' ? request.headers() : (request.headers ?? {});
    opened ??= openAgent(options);
    const { agent, request: requestOver } = await opened;
    const data = await requestOver(request.url, {
      method: request.method,
      headers: { 'user-agent': options.userAgent ?? 'edgeledger', ...headers },
      body: request.body ?? null,
      signal: request.signal ?? null,
      dispatcher: agent,
    });
    return createHttpResponse(data, request, request.signal);
  }

  async function attempt(request: HttpRequest): Promise<Outcome> {
    const scope = options.rateScope ?? request.url.host;
    let response: HttpResponse;
    try {
      response = await send(request);
    } catch (thrown) {
      if (request.signal?.aborted === true) throw request.signal.reason;
      options.onAttempt?.({ scope, status: 0 });
      const final = request.idempotent === false || !isWorthRetryingNow(thrown);
      return { kind: 'failed', error: toConnectError(thrown, request), waitMs: undefined, final };
    }
    options.onAttempt?.({ scope, status: response.status });
    if ((request.expectStatuses ?? [200]).includes(response.status)) return { kind: 'done', response };
    return toFailure(response, request, options.clock.now());
  }

  const tracer = options.tracer ?? silentTracer;
  return {
    attempt: (request) =>
      tracer.trace(`${request.method} ${request.url.host}`, toAttributes(request), async (span) => {
        const outcome = await attempt(request);
        if (outcome.kind === 'done') span.set({ 'http.response.status_code': outcome.response.status });
        else span.set({ 'error.type': outcome.error.name });
        return outcome;
      }),
    async close() {
      await (await opened)?.agent.destroy();
    },
  };
}

/** Its library is loaded with the first request: a process that imports files does without it. */
async function openAgent(options: HttpClientOptions) {
  const { Agent, request } = await import('undici');
  // HTTP/1.1 only: one request per connection keeps timeouts and cuts attributable to their request
  const agent = new Agent({
    allowH2: false,
    pipelining: 1,
    connect: { timeout: options.connectTimeoutMs ?? 10_000, lookup: guardedLookup },
    headersTimeout: options.headersTimeoutMs ?? 60_000,
    bodyTimeout: options.bodyTimeoutMs ?? 60_000,
  });
  return { agent, request };
}

/** OpenTelemetry's names. The query is left out: it may be a signature. */
function toAttributes({ method, url }: HttpRequest) {
  return { 'http.request.method': method, 'server.address': url.host, 'url.path': url.pathname };
}

async function toFailure(response: HttpResponse, request: HttpRequest, now: Date): Promise<Outcome> {
  const body = await readErrorBody(response);
  const waitMs = findVendorWaitMs(response.headers, now) ?? findBodyWaitMs(body, response.headers, now);
  const error = toStatusError({
    ...request,
    status: response.status,
    vendorMessage: toVendorMessage(body),
    retryAfterMs: waitMs,
  });
  return { kind: 'failed', error, waitMs, final: !isRetryableStatus(response.status) };
}
