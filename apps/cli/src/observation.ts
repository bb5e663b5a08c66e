import { type QueueBackend, readCounts } from '@edgeledger/queue';
import {
  createMetrics,
  type Metrics,
  type MetricsServer,
  openMetricsServer,
  openTraces,
  type Traces,
} from '@edgeledger/telemetry';
import type { Role } from './role-names.ts';
import type { RunningRoles } from './roles.ts';
import type { Services, Setup } from './services.ts';
import { VERSION } from './version.ts';

/** The metrics of a process with these roles. */
export function createRoleMetrics(roles: readonly Role[]): Metrics {
  return createMetrics({ version: VERSION, role: toRoleName(roles) });
}

/** From here on the metrics know what the warehouse and the queue know. */
export function connectMetrics(metrics: Metrics, { warehouse }: Services, backend: QueueBackend): void {
  metrics.askFrom({
    ledger: () => warehouse.questions.facts(),
    queues: async () => {
      const counts = await readCounts(backend);
      return Object.fromEntries(Object.entries(counts).map(([queue, states]) => [queue, { ...states }]));
    },
  });
}

/** For roles without pages; undefined when no METRICS_PORT is set. */
export async function serveMetrics(
  metrics: Metrics,
  { config, logger }: Services,
  running: RunningRoles,
): Promise<MetricsServer | undefined> {
  const { host, port, token } = config.metrics;
  if (port === undefined) return undefined;
  return openMetricsServer({ host, port, token, metrics, logger, isReady: running.isReady });
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
