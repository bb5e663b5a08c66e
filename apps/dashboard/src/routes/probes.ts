import { setTimeout as pause } from 'node:timers/promises';
import { toEdgeledgerError } from '@edgeledger/core';
import type { FastifyInstance } from 'fastify';

export interface Readiness {
  readonly ok: boolean;
  /** One for each thing that the dashboard needs; `reason` when it is not there. */
  readonly checks: readonly ReadinessCheck[];
}

export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly reason?: string;
}

export interface ProbeOptions {
  /** Can the warehouse and the queue be reached? */
  isReady(): Promise<Readiness>;
  /** How long `/readyz` waits for `isReady`, in ms. Default 5000. */
  readonly readyTimeoutMs?: number;
}

async function askReadiness(options: ProbeOptions): Promise<Readiness> {
  const limitMs = options.readyTimeoutMs ?? 5_000;
  const timer = new AbortController();
  const late = pause(limitMs, undefined, { signal: timer.signal }).then(
    () => `no answer within ${limitMs} ms`,
    () => '',
  );
  try {
    const answer = await Promise.race([options.isReady(), late]);
    return typeof answer === 'string'
      ? { ok: false, checks: [{ name: 'readiness', ok: false, reason: answer }] }
      : answer;
  } catch (thrown) {
    const reason = toEdgeledgerError(thrown).message;
    return { ok: false, checks: [{ name: 'readiness', ok: false, reason }] };
  } finally {
    timer.abort();
  }
}

/** What an orchestrator asks: without a log-in, and by any name. */
export function registerProbes(app: FastifyInstance, options: ProbeOptions): void {
  const config = { isOpen: true, isProbe: true };
  app.get('/healthz', { config }, () => ({ status: 'ok' }));
  app.get('/readyz', { config }, async (_request, reply) => {
    const readiness = await askReadiness(options);
    return await reply.status(readiness.ok ? 200 : 503).send({
      status: readiness.ok ? 'ready' : 'not ready',
      checks: readiness.checks,
    });
  });
}
