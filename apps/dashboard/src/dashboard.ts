import { setTimeout as pause } from 'node:timers/promises';
import {
  type Clock,
  ConfigError,
  type Logger,
  type Secret,
  systemClock,
  toEdgeledgerError,
} from '@edgeledger/core';
import type { RawQueue } from '@edgeledger/queue';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { type MetricsText, mayReadMetrics, registerMetrics } from './metrics-route.ts';
import { readDayCount } from './page/calendar.ts';
import { loadPageFacts, renderNotice, renderPage } from './page/page.ts';
import type { DashboardQuestions } from './questions.ts';
import { registerQueueBoard } from './queue-board.ts';
import { type Credentials, findRefusal, isLoopbackHost, setSecurityHeaders } from './security.ts';

export interface Readiness {
  readonly ok: boolean;
  /** One for each thing that the dashboard needs; `reason` when it is not there. */
  readonly checks: readonly ReadinessCheck[];
}

export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly reason?: string;
}

export interface DashboardOptions {
  /** `listQueues(backend)`. Closed by whoever opened them, after the dashboard. */
  readonly queues: readonly RawQueue[];
  /** `warehouse.questions`. */
  readonly questions: DashboardQuestions;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly user?: string;
  readonly password?: Secret;
  readonly logger: Logger;
  readonly version: string;
  /** Can the warehouse and the queue be reached? */
  isReady(): Promise<Readiness>;
  /** Served on `/metrics`; absent: not served. */
  readonly metrics?: MetricsText;
  /** Opens `/metrics` to collectors, besides those who may see the pages. */
  readonly metricsToken?: Secret;
  readonly clock?: Clock;
  /** How long `/readyz` waits for `isReady`, in ms. Default 5000. */
  readonly readyTimeoutMs?: number;
}

export interface Dashboard {
  /** Where a browser on this machine finds it. */
  readonly url: string;
  close(): Promise<void>;
}

const HTML = 'text/html; charset=utf-8';

function toCredentials(options: DashboardOptions): Credentials | undefined {
  const { host, user, password } = options;
  if (user !== undefined && password !== undefined) return { user, password };
  if (user === undefined && password === undefined && isLoopbackHost(host)) return undefined;
  const found = user === undefined && password === undefined ? 'no password' : 'only one of the two';
  throw new ConfigError(
    'config.missing',
    `Starting the dashboard on ${host}: ${found} is set. Set DASHBOARD_USER and DASHBOARD_PASSWORD, or unset both and use HOST=127.0.0.1.`,
  );
}

async function askReadiness(options: DashboardOptions): Promise<Readiness> {
  const limitMs = options.readyTimeoutMs ?? 5_000;
  const timer = new AbortController();
  const late = pause(limitMs, undefined, { signal: timer.signal }).then(
    () => `no answer within ${limitMs} ms`,
    () => '',
  );
  try {
    const answer = await Promise.race([options.isReady(), late]);
    return typeof answer === 'string'
      ? { ok: false, checks: [{ name: 'readiness', ok: false, reason: answer }] }
      : answer;
  } catch (thrown) {
    const reason = toEdgeledgerError(thrown).message;
    return { ok: false, checks: [{ name: 'readiness', ok: false, reason }] };
  } finally {
    timer.abort();
  }
}

function registerPages(app: FastifyInstance, options: DashboardOptions): void {
  const clock = options.clock ?? systemClock;
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const readiness = await askReadiness(options);
    return await reply.status(readiness.ok ? 200 : 503).send({
      status: readiness.ok ? 'ready' : 'not ready',
      checks: readiness.checks,
    });
  });
  app.get<{ Querystring: { days?: unknown } }>('/', async (request, reply) => {
    const view = { now: clock.now(), days: readDayCount(request.query.days), version: options.version };
    try {
      const facts = await loadPageFacts(options.questions, view);
      return await reply.type(HTML).send(renderPage(facts));
    } catch (thrown) {
      const error = toEdgeledgerError(thrown);
      options.logger.error({ error }, 'The coverage page could not be made.');
      const message = `${error.message} Reload this page when that is done.`;
      return await reply.status(503).type(HTML).send(renderNotice('The warehouse did not answer', message));
    }
  });
}

function registerGuards(
  app: FastifyInstance,
  options: DashboardOptions,
  credentials: Credentials | undefined,
) {
  app.addHook('onRequest', async (request, reply) => {
    setSecurityHeaders(request, reply);
    if (mayReadMetrics(request, options.metricsToken)) return;
    const refusal = findRefusal(request, credentials);
    if (refusal === undefined) return;
    if (refusal.status === 401) reply.header('www-authenticate', 'Basic realm="Edgeledger", charset="UTF-8"');
    await reply.status(refusal.status).type('text/plain; charset=utf-8').send(`${refusal.message}\n`);
  });
  app.setNotFoundHandler(async (_request, reply) => {
    await reply.status(404).type(HTML).send(renderNotice('Not found', 'There is no such page.'));
  });
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) options.logger.error({ error, route: request.routeOptions.url }, 'A page failed.');
    const message = status >= 500 ? 'Something went wrong. The log says what.' : 'The request is malformed.';
    await reply.status(status).type(HTML).send(renderNotice('Error', message));
  });
}

async function listen(app: FastifyInstance, options: DashboardOptions): Promise<number> {
  const { host, port } = options;
  try {
    await app.listen({ host, port });
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'the port is in use. Stop what uses it, or set PORT to another one',
      EACCES: 'this user may not open the port. Set PORT to one above 1023',
      EADDRNOTAVAIL: 'this machine does not have that address. Correct HOST',
      ENOTFOUND: 'there is no such host. Correct HOST',
    };
    const reason =
      reasons[code] ?? `it failed (${code || toEdgeledgerError(thrown).message}). Correct HOST or PORT`;
    throw new ConfigError('config.invalid', `Starting the dashboard on ${host}:${port}: ${reason}.`, {
      cause: thrown,
    });
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function toUrl(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Serves `/` (coverage), `/queues` (Bull Board), `/metrics`, `/healthz` and `/readyz`.
 *
 * @throws {ConfigError} when it would be open to other machines without a password, or cannot listen.
 */
export async function createDashboard(options: DashboardOptions): Promise<Dashboard> {
  const credentials = toCredentials(options);
  const app = fastify({ forceCloseConnections: true, routerOptions: { ignoreTrailingSlash: true } });
  registerGuards(app, options, credentials);
  registerPages(app, options);
  registerMetrics(app, options.metrics);
  await registerQueueBoard(app, options.queues);
  const port = await listen(app, options);
  const url = toUrl(options.host.replace(/^\[|\]$/g, ''), port);
  options.logger.info({ url }, 'The dashboard is listening.');
  return { url, close: () => app.close() };
}
