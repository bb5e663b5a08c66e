import {
  type Clock,
  ConfigError,
  EdgeledgerError,
  type Logger,
  type Secret,
  systemClock,
  toEdgeledgerError,
} from '@edgeledger/core';
import type { RawQueue } from '@edgeledger/queue';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import { createAccess, registerGuard } from './access/guard.ts';
import { toAccounts } from './access/people.ts';
import { registerAssets } from './assets.ts';
import { registerCompression } from './compression.ts';
import { type MetricsText, registerMetrics } from './metrics-route.ts';
import type { DashboardOperator, FindJobs, ReadPresence } from './operator.ts';
import { renderNotice } from './page/layout.ts';
import { registerQueueBoard, toBoardUrl } from './queue-board.ts';
import { registerActs } from './routes/acts.ts';
import { registerCharts } from './routes/charts.ts';
import { registerCoverage } from './routes/coverage.ts';
import { registerLogin } from './routes/login.ts';
import { type ProbeOptions, registerProbes } from './routes/probes.ts';
import { registerUnits } from './routes/units.ts';
import { setSecurityHeaders } from './security.ts';
import { type DashboardWarehouse, type Site, sendPage, toFrame } from './site.ts';

export interface DashboardOptions extends ProbeOptions {
  /** `listQueues(backend)`. Closed by whoever opened them, after the dashboard. */
  readonly queues: readonly RawQueue[];
  readonly warehouse: DashboardWarehouse;
  readonly operator: DashboardOperator;
  readonly findJobs: FindJobs;
  /** For the banner that says who is missing; absent: nothing is said. */
  readonly readPresence?: ReadPresence;
  /** Ids of the configured sources; those that the ledger knows are added. */
  readonly sources?: readonly string[];
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Who may look and act. */
  readonly user?: string;
  readonly password?: Secret;
  /** Who may look. */
  readonly viewer?: { readonly user: string; readonly password: Secret };
  /** Signs the log-ins; without it they end with this process, and are not known to another one. */
  readonly sessionSecret?: Secret;
  readonly logger: Logger;
  readonly version: string;
  /** Served on `/metrics`; absent: not served. */
  readonly metrics?: MetricsText;
  /** Opens `/metrics` to collectors, besides those who may see the pages. */
  readonly metricsToken?: Secret;
  readonly clock?: Clock;
  /** How long a request may take to arrive, in ms. Default 30 s. */
  readonly requestTimeoutMs?: number;
}

export interface Dashboard {
  /** Where a browser on this machine finds it. */
  readonly url: string;
  close(): Promise<void>;
}

/** The form bodies of our pages; each field as text, and as a list when it comes more than once. */
function registerForms(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 64 * 1024 },
    (_request, body, done) => {
      const fields: Record<string, unknown> = Object.create(null);
      const parameters = new URLSearchParams(String(body));
      for (const name of new Set(parameters.keys())) {
        const values = parameters.getAll(name);
        fields[name] = values.length === 1 ? values[0] : values;
      }
      done(null, fields);
    },
  );
}

function registerErrors(app: FastifyInstance, site: Site): void {
  app.setNotFoundHandler(async (request, reply) => {
    await sendPage(reply, renderNotice(toFrame(site, request), 'Not found', 'There is no such page.'), 404);
  });
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const frame = toFrame(site, request);
    if (error instanceof EdgeledgerError) {
      site.logger.error({ error, route: request.routeOptions.url }, 'A page could not be made.');
      const message = `${error.message} Reload this page when that is done.`;
      return await sendPage(reply, renderNotice(frame, 'The warehouse did not answer', message), 503);
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) site.logger.error({ error, route: request.routeOptions.url }, 'A page failed.');
    const message = status >= 500 ? 'Something went wrong. The log says what.' : 'The request is malformed.';
    return await sendPage(reply, renderNotice(frame, 'Error', message), status);
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

/** A path for which no route can be looked up passes no hook. */
function refuseMalformed(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  setSecurityHeaders(request, reply);
  void reply
    .status(error.statusCode ?? 400)
    .type('text/plain; charset=utf-8')
    .send('The request is malformed.\n');
}

const LONGEST_PARAMETER = 1_500;
/** For a form of 64 KiB on a bad line; whoever sends byte by byte would else keep a connection as long as he likes. */
const REQUEST_TIMEOUT_MS = 30_000;
/** More than people and probes have, less than costs memory that others need. */
const MOST_CONNECTIONS = 500;

/**
 * Serves the pages, `/queues` (Bull Board), `/metrics`, `/healthz` and `/readyz`.
 *
 * @throws {ConfigError} when it would be open to other machines without a password, or cannot listen.
 */
export async function createDashboard(options: DashboardOptions): Promise<Dashboard> {
  const clock = options.clock ?? systemClock;
  const secret = options.sessionSecret?.reveal();
  const { logger, version, warehouse, operator, findJobs, readPresence } = options;
  const access = createAccess(toAccounts(options), { clock, secret, logger });
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const app = fastify({
    forceCloseConnections: true,
    // until a request has arrived whole; an answer may take as long as it takes
    requestTimeout,
    // said to Node as well: else its longer limit for headers would be that of bodies
    http: { requestTimeout, connectionsCheckingInterval: Math.ceil(requestTimeout / 6) },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: LONGEST_PARAMETER },
    rewriteUrl: (request) => toBoardUrl(request, access),
    frameworkErrors: refuseMalformed,
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  registerForms(app);
  registerGuard(app, access, options.metricsToken);
  registerCompression(app);
  const assets = await registerAssets(app);
  const sources = options.sources ?? [];
  const site: Site = {
    ...{ access, assets, clock, logger, version, warehouse, operator, findJobs, sources },
    ...(readPresence && { readPresence }),
  };
  registerErrors(app, site);
  // what orchestrators and monitoring ask
  registerProbes(app, options);
  registerMetrics(app, options.metrics);
  registerLogin(app, site);
  registerCoverage(app, site);
  registerUnits(app, site);
  registerCharts(app, site);
  registerActs(app, site);
  await registerQueueBoard(app, options.queues, site);
  const port = await listen(app, options);
  const url = toUrl(options.host.replace(/^\[|\]$/g, ''), port);
  logger.info({ url }, 'The dashboard is listening.');
  return { url, close: () => app.close() };
}
