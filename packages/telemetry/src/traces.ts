import { EdgeledgerError, type Logger, type Span, type SpanAttributes, type Tracer } from '@edgeledger/core';
import type { Span as OtelSpan } from '@opentelemetry/api';
import { withinLimit } from './fresh-answer.ts';
import { redactText } from './redact.ts';

export interface TracesOptions {
  /** `OTEL_EXPORTER_OTLP_ENDPOINT`: spans go to `v1/traces` below it, as OTLP over HTTP. */
  readonly endpoint: URL;
  readonly version: string;
  readonly role: string;
  readonly logger: Logger;
}

export interface Traces {
  readonly tracer: Tracer;
  /** Sends what is not sent yet, for a few seconds at most. */
  close(): Promise<void>;
}

const CLOSE_LIMIT_MS = 3_000;
const LIBRARY = 'edgeledger';

/**
 * Turns OpenTelemetry on for this process; call it at most once, before queues and sources are opened. Its
 * libraries are loaded here and nowhere else, so that a process without an endpoint does without them.
 * `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` are read by the libraries.
 */
export async function openTraces(options: TracesOptions): Promise<Traces> {
  const [api, core, hooks, sdk, exporter, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const resource = resources
    .resourceFromAttributes({
      'service.name': LIBRARY,
      'service.version': options.version,
      'edgeledger.role': options.role,
    })
    .merge(resources.detectResources({ detectors: [resources.envDetector] }));
  const provider = new sdk.TracerProvider({
    resource,
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: new exporter.OTLPTraceExporter({ url: toTracesUrl(options.endpoint) }),
      }),
    ],
  });
  api.context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  api.trace.setGlobalTracerProvider(provider);
  const tracer = api.trace.getTracer(LIBRARY, options.version);
  return {
    tracer: {
      trace: (name, attributes, work) =>
        tracer.startActiveSpan(name, { attributes: { ...attributes } }, (span) =>
          runInSpan(span, work, api.SpanStatusCode.ERROR),
        ),
    },
    close: async () => {
      try {
        await withinLimit(provider.shutdown(), CLOSE_LIMIT_MS);
      } catch (error) {
        // a collector that is away is no reason to fail, and its address may hold a credential
        const reason = redactText(error instanceof Error ? error.message : String(error));
        options.logger.warn({ reason }, 'the last traces could not be sent');
      }
    },
  };
}

/** The endpoint is a base (OTLP exporter specification, "Endpoint URLs for OTLP/HTTP"). */
function toTracesUrl(endpoint: URL): string {
  const base = endpoint.href.endsWith('/') ? endpoint.href : `${endpoint.href}/`;
  return new URL('v1/traces', base).href;
}

async function runInSpan<T>(
  span: OtelSpan,
  work: (span: Span) => Promise<T>,
  errorStatus: number,
): Promise<T> {
  try {
    return await work({ set: (attributes: SpanAttributes) => void span.setAttributes({ ...attributes }) });
  } catch (error) {
    // messages are made to be shown; a stack or a foreign error's fields are not
    const message = redactText(error instanceof Error ? error.message : String(error));
    span.setStatus({ code: errorStatus, message });
    span.setAttribute('error.type', error instanceof EdgeledgerError ? error.code : 'error');
    throw error;
  } finally {
    span.end();
  }
}
