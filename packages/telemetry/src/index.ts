export type { DatasetFacts, LedgerFacts } from './ledger-facts.ts';
export {
  createLogger,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LoggerOptions,
  type LogLevel,
} from './logger.ts';
export {
  createMetrics,
  type Metrics,
  type MetricsOptions,
  type MetricsQuestions,
  type QueueFacts,
} from './metrics.ts';
export {
  hasBearerToken,
  type MetricsServer,
  type MetricsServerOptions,
  openMetricsServer,
  type ReadinessAnswer,
} from './metrics-server.ts';
export { redactText } from './redact.ts';
export { createTracedLoader } from './traced-loader.ts';
export { openTraces, type Traces, type TracesOptions } from './traces.ts';
