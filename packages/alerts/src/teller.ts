import {
  type AlertBook,
  type AlertClaim,
  type AlertRules,
  type Clock,
  EdgeledgerError,
  type Logger,
  MINUTE_MS,
  type Secret,
  TransientError,
} from '@edgeledger/core';
import { createHttpClient } from '@edgeledger/http';
import { type AlertFormat, toMessage } from './message.ts';

export interface AlertTellerOptions extends AlertRules {
  readonly book: AlertBook;
  /** The whole URL is a credential with most receivers: it stands in no message, log or table. */
  readonly webhook: Secret;
  readonly format: AlertFormat;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For one delivery. Default 10 s. */
  readonly timeoutMs?: number;
}

export interface ToldAlerts {
  readonly opened: number;
  readonly recovered: number;
}

export interface AlertTeller {
  /**
   * Looks what changed and tells it in one message. A delivery that fails is tried again after a while, by whoever
   * comes then; it is logged and does not throw, since an alert that cannot be told is no reason to load nothing.
   */
  tell(): Promise<ToldAlerts>;
  /** Sends a message that says it is a test. Throws when it does not arrive. */
  sendTest(): Promise<void>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const LONGEST_PAUSE_MS = 60 * MINUTE_MS;
const ACCEPTED = [200, 201, 202, 204];

export function createAlertTeller(options: AlertTellerOptions): AlertTeller {
  const { book, clock, logger, format, webhook } = options;
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  // one attempt: the next one is the next tick's, and the client's own retries would log the address
  const http = createHttpClient({
    clock,
    logger,
    maxAttempts: 1,
    connectTimeoutMs: timeoutMs,
    headersTimeoutMs: timeoutMs,
    bodyTimeoutMs: timeoutMs,
  });

  async function send(message: object): Promise<void> {
    try {
      const response = await http.request({
        method: 'POST',
        url: new URL(webhook.reveal()),
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(message),
        idempotent: false,
        expectStatuses: ACCEPTED,
        what: 'send an alert',
        signal: AbortSignal.timeout(timeoutMs * 2),
      });
      response.destroy();
    } catch (thrown) {
      throw toDeliveryError(thrown);
    }
  }

  async function deliver(claim: AlertClaim): Promise<ToldAlerts> {
    const now = clock.now();
    try {
      await send(toMessage(claim, format, now));
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      const attempts = Math.max(0, ...[...claim.opened, ...claim.recovered].map((alert) => alert.attempts));
      const pauseMs = Math.min(LONGEST_PAUSE_MS, MINUTE_MS * 2 ** Math.min(10, attempts));
      await book.recordFailed(claim, reason, new Date(now.getTime() + pauseMs));
      logger.warn(
        { error: reason, alerts: claim.opened.length, retryInMs: pauseMs },
        'alerts could not be told',
      );
      return { opened: 0, recovered: 0 };
    }
    await book.recordTold(claim, now);
    const told = { opened: claim.opened.length, recovered: claim.recovered.length };
    logger.info(told, 'alerts told');
    return told;
  }

  return {
    async tell() {
      try {
        await book.refresh(clock.now(), options);
        const claim = await book.claim(clock.now());
        return claim === undefined ? { opened: 0, recovered: 0 } : await deliver(claim);
      } catch (thrown) {
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        logger.warn({ error: reason }, 'alerts could not be looked for');
        return { opened: 0, recovered: 0 };
      }
    },
    sendTest: () => send(toMessage(toTestClaim(clock.now()), format, clock.now())),
    close: () => http.close(),
  };
}

/** What went wrong without where: the path of a webhook is its key, and its answer may repeat it. */
function toDeliveryError(thrown: unknown): TransientError {
  const known = thrown instanceof EdgeledgerError ? thrown : undefined;
  const status = known?.context.status;
  const found =
    status !== undefined
      ? `it answered ${status}`
      : known?.code === 'source.host-not-allowed'
        ? 'it is not https, and plain http is only for this machine'
        : known?.code === 'source.timeout' || known === undefined
          ? 'it did not answer in time'
          : 'it cannot be reached';
  return new TransientError(
    'source.unavailable',
    `Could not send to the alert webhook: ${found}. Check alerts.webhook in edgeledger.yaml; \`edgeledger alerts test\` sends a test.`,
  );
}

function toTestClaim(now: Date): AlertClaim {
  const alert = {
    alertId: '0',
    kind: 'failed',
    account: 'test',
    dataset: 'test.test',
    reportKey: 'test_20200101',
    subject: '',
    message: 'This is a test of the alert webhook: nothing is wrong.',
    periodStart: null,
    expiresAt: null,
    openedAt: now,
    resolvedAt: null,
    notifiedAt: null,
    attempts: 0,
    lastError: null,
  } as const;
  return { claimId: 'test', opened: [alert], recovered: [] };
}
