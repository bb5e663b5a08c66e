/** What OpenTelemetry is to the rest of the code: `telemetry` implements it, and without it nothing is recorded. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  /** Never a credential or a URL with a query: spans leave the machine. */
  set(attributes: SpanAttributes): void;
}

export interface Tracer {
  /** Runs `work` inside a span; what it starts belongs to it. An error marks the span and is thrown on. */
  trace<T>(name: string, attributes: SpanAttributes, work: (span: Span) => Promise<T>): Promise<T>;
}

const silentSpan: Span = { set: () => undefined };

export const silentTracer: Tracer = { trace: (_name, _attributes, work) => work(silentSpan) };
