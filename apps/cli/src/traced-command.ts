import { createTracedLoader, openTraces } from '@edgeledger/telemetry';
import type { Services, Setup } from './services.ts';
import { VERSION } from './version.ts';

/**
 * Runs a command that loads or enqueues by itself as one trace, when OTEL_EXPORTER_OTLP_ENDPOINT is set. Sources and services
 * that are opened with the setup it hands on make their spans in it.
 */
export async function traceCommand<T>(
  setup: Setup,
  command: string,
  work: (setup: Setup) => Promise<T>,
): Promise<T> {
  const { config, logger } = setup;
  if (config.otelEndpoint === undefined) return await work(setup);
  const traces = await openTraces({ endpoint: config.otelEndpoint, version: VERSION, role: command, logger });
  try {
    return await traces.tracer.trace(command, {}, () => work({ ...setup, traces }));
  } finally {
    await traces.close();
  }
}

/** What a unit is loaded through, with its spans when the command is traced. */
export function toTracedLoader({ warehouse: { loader }, traces }: Services) {
  return traces === undefined
    ? { loader }
    : { loader: createTracedLoader(loader, traces.tracer), tracer: traces.tracer };
}
