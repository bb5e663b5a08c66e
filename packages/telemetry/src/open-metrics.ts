import type { Metrics, MetricsOptions } from './metrics.ts';

/** Their library is loaded here and nowhere else: a command that serves no metrics starts without it. */
export async function openMetrics(options: MetricsOptions): Promise<Metrics> {
  const { createMetrics } = await import('./metrics.ts');
  return createMetrics(options);
}
