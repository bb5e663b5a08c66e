export type { DatasetFacts, LedgerFacts } from './ledger-facts.ts';
export {
  createLogger,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LoggerOptions,
  type LogLevel,
} from './logger.ts';
export type { Metrics, MetricsOptions, MetricsQuestions, QueueFacts } from './metrics.ts';
export {
  hasBearerToken,
  type MetricsServer,
  type MetricsServerOptions,
  openMetricsServer,
  type ReadinessAnswer,
} from './metrics-server.ts';
export { openMetrics } from './open-metrics.ts';
export { redactText } from './redact.ts';
export { createTracedLoader } from './traced-loader.ts';
export { openTraces, type Traces, type TracesOptions } from './traces.ts';
