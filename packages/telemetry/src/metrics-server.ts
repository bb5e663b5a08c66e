import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { ConfigError, type Logger, type Secret, toEdgeledgerError } from '@edgeledger/core';
import { withinLimit } from './fresh-answer.ts';
import type { Metrics } from './metrics.ts';

export interface ReadinessAnswer {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason?: string }[];
}

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly metrics: Metrics;
  /** When given, `/metrics` wants it as a bearer token. */
  readonly token?: Secret | undefined;
  readonly logger: Logger;
  isReady(): Promise<ReadinessAnswer>;
  /** How long `/readyz` waits for `isReady`, in ms. Default 5000. */
  readonly readyTimeoutMs?: number;
  /** How long a request may take to arrive, in ms. Default 30 s. */
  readonly requestTimeoutMs?: number;
}

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** More than collectors and probes have. */
const MOST_CONNECTIONS = 100;
const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';

/**
 * Serves `/metrics`, `/healthz` and `/readyz` for roles that have no pages.
 *
 * @throws {ConfigError} when the address cannot be listened on.
 */
export async function openMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const limits = { requestTimeout, connectionsCheckingInterval: Math.ceil(requestTimeout / 6) };
  const server = createServer(limits, (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    answer(path, request.headers.authorization, response, options).catch((error: unknown) => {
      options.logger.error({ error, path }, 'A probe could not be answered.');
      if (!response.headersSent) send(response, 500, TEXT_TYPE, 'The log says what went wrong.\n');
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, options);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const name = options.host.includes(':') ? `[${options.host}]` : options.host;
  const url = `http://${name}:${port}`;
  options.logger.info({ url }, 'Metrics are served.');
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  path: string | undefined,
  authorization: string | undefined,
  response: ServerResponse,
  options: MetricsServerOptions,
): Promise<void> {
  if (path === '/healthz') return send(response, 200, JSON_TYPE, '{"status":"ok"}');
  if (path === '/readyz') return sendReadiness(response, options);
  if (path !== '/metrics')
    return send(response, 404, TEXT_TYPE, 'There are /metrics, /healthz and /readyz.\n');
  if (options.token !== undefined && !hasBearerToken(authorization, options.token)) {
    response.setHeader('www-authenticate', 'Bearer');
    return send(response, 401, TEXT_TYPE, 'Send METRICS_TOKEN as bearer token.\n');
  }
  send(response, 200, options.metrics.contentType, await options.metrics.render());
}

async function sendReadiness(response: ServerResponse, options: MetricsServerOptions): Promise<void> {
  let readiness: ReadinessAnswer;
  try {
    readiness = await withinLimit(options.isReady(), options.readyTimeoutMs ?? 5_000);
  } catch (thrown) {
    const reason = toEdgeledgerError(thrown).message;
    readiness = { ok: false, checks: [{ name: 'readiness', ok: false, reason }] };
  }
  const status = readiness.ok ? 'ready' : 'not ready';
  const body = JSON.stringify({ status, checks: readiness.checks });
  send(response, readiness.ok ? 200 : 503, JSON_TYPE, body);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** RFC 6750, section 2.1. Digests are compared, so that time tells neither content nor length. */
export function hasBearerToken(authorization: string | undefined, token: Secret): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return timingSafeEqual(digest(given ?? ''), digest(token.reveal())) && given !== undefined;
}

async function listen(server: Server, { host, port }: MetricsServerOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
    throw new ConfigError(
      'config.invalid',
      `Serving metrics on ${host}:${port}: it failed (${code}). Correct METRICS_HOST or METRICS_PORT, or unset METRICS_PORT.`,
      { cause: thrown },
    );
  }
}
