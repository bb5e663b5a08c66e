import { ConfigError } from '@edgeledger/core';
import { type QueueBackend, readCounts, readWorkers } from '@edgeledger/queue';
import {
  type Metrics,
  type MetricsServer,
  openMetrics,
  openMetricsServer,
  openTraces,
  type Traces,
} from '@edgeledger/telemetry';
import type { Role } from './role-names.ts';
import type { RunningRoles } from './roles.ts';
import type { Services, Setup } from './services.ts';
import { VERSION } from './version.ts';

/** The metrics of a process with these roles. */
export function openRoleMetrics(roles: readonly Role[]): Promise<Metrics> {
  return openMetrics({ version: VERSION, role: toRoleName(roles) });
}

/** From here on the metrics know what the warehouse and the queue know. */
export function connectMetrics(metrics: Metrics, { warehouse }: Services, backend: QueueBackend): void {
  metrics.askFrom({
    ledger: () => warehouse.questions.facts(),
    queues: async () => {
      const counts = await readCounts(backend);
      return Object.fromEntries(Object.entries(counts).map(([queue, states]) => [queue, { ...states }]));
    },
    workers: () => readWorkers(backend),
  });
}

/**
 * For roles without pages; undefined when no METRICS_PORT is set. Several workers of one network namespace (host networking,
 * a sidecar) have one such port: the first has it, and the others load reports all the same.
 */
export async function serveMetrics(
  metrics: Metrics,
  { config, logger }: Services,
  running: RunningRoles,
): Promise<MetricsServer | undefined> {
  const { host, port, token } = config.metrics;
  if (port === undefined) return undefined;
  try {
    return await openMetricsServer({ host, port, token, metrics, logger, isReady: running.isReady });
  } catch (error) {
    if (!isInUse(error)) throw error;
    logger.warn(
      { host, port },
      'METRICS_PORT is in use by another process; going on without metrics and probes',
    );
    return undefined;
  }
}

function isInUse(error: unknown): boolean {
  const cause = error instanceof ConfigError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
}

/** Undefined unless OTEL_EXPORTER_OTLP_ENDPOINT is set; then before anything that makes spans is opened. */
export async function openRoleTraces(
  roles: readonly Role[],
  { config, logger }: Setup,
): Promise<Traces | undefined> {
  if (config.otelEndpoint === undefined) return undefined;
  return openTraces({ endpoint: config.otelEndpoint, version: VERSION, role: toRoleName(roles), logger });
}

export function toRoleName(roles: readonly Role[]): string {
  return roles.length > 1 ? 'up' : (roles[0] ?? 'up');
}
