import type { QueueBaseOptions } from 'bullmq';

export type JobTelemetry = NonNullable<QueueBaseOptions['telemetry']>;

/** BullMQ's kind of span for what it does for itself. */
const INTERNAL = 0;

/**
 * Carries traces from who adds a job to who runs it, through OpenTelemetry as `telemetry` set it up. The library is
 * loaded here and nowhere else. Spans of BullMQ's own housekeeping are left out: a worker that looks for its next
 * job every few seconds would fill a collector with nothing.
 */
export async function openJobTelemetry(version: string): Promise<JobTelemetry> {
  const { BullMQOtel } = await import('bullmq-otel');
  const telemetry: JobTelemetry = new BullMQOtel({ tracerName: 'edgeledger', version });
  const { tracer, contextManager } = telemetry;
  return {
    contextManager,
    tracer: {
      startSpan: (name, options, context) =>
        options?.kind === undefined || options.kind === INTERNAL
          ? createNoSpan()
          : tracer.startSpan(name, options, context),
    },
  };
}

function createNoSpan(): ReturnType<JobTelemetry['tracer']['startSpan']> {
  return {
    setSpanOnContext: (context) => context,
    setAttribute: () => undefined,
    setAttributes: () => undefined,
    addEvent: () => undefined,
    recordException: () => undefined,
    end: () => undefined,
  };
}
