import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '@edgeledger/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

export const METRICS_PATH = '/metrics';

/** Where `/metrics` gets its text from; telemetry's `Metrics` fits. */
export interface MetricsText {
  readonly contentType: string;
  /** Never rejects. */
  render(): Promise<string>;
}

export function registerMetrics(app: FastifyInstance, metrics: MetricsText | undefined): void {
  if (metrics === undefined) return;
  app.get(METRICS_PATH, async (_request, reply) => {
    return await reply.type(metrics.contentType).send(await metrics.render());
  });
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * A collector has no user: with METRICS_TOKEN it sends that as bearer token (RFC 6750, section 2.1) and sees
 * `/metrics` alone. Digests are compared, so that time tells neither content nor length.
 */
export function mayReadMetrics(request: FastifyRequest, token: Secret | undefined): boolean {
  if (token === undefined || request.routeOptions.url !== METRICS_PATH) return false;
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(token.reveal()));
}
