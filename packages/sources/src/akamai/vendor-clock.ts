import type { Clock, Finding, Logger } from '@edgeledger/core';

/** Our clock, put right by Akamai's when Akamai refuses the time of a signature. */
export interface VendorClock extends Clock {
  /** What is added to our clock, in ms. */
  offsetMs(): number;
  /**
   * Takes the first of the server's times that differs by more than Akamai tolerates. False when none does: then
   * the clock is not why the request was refused.
   */
  correct(serverTimes: readonly (string | undefined)[]): boolean;
  takeFindings(): Finding[];
}

/** Akamai tolerates about 30 seconds (akamai.md, section 3.1); some of them are spent on the way. */
const TOLERATED_SKEW_MS = 20_000;

export function createVendorClock(clock: Clock, logger: Logger): VendorClock {
  let offsetMs = 0;
  let findings: Finding[] = [];
  const nowMs = () => clock.now().getTime() + offsetMs;
  return {
    now: () => new Date(nowMs()),
    offsetMs: () => offsetMs,
    correct(serverTimes) {
      const skewMs = serverTimes
        .map((text) => (text === undefined ? Number.NaN : Date.parse(text)) - nowMs())
        .find((candidateMs) => Math.abs(candidateMs) > TOLERATED_SKEW_MS);
      if (skewMs === undefined) return false;
      offsetMs += skewMs;
      const skewSeconds = Math.round(skewMs / 1000);
      const direction = skewSeconds > 0 ? 'behind' : 'ahead of';
      const message = `The clock of this machine is ${Math.abs(skewSeconds)} s ${direction} Akamai's. Requests are signed with corrected time; set the clock (NTP).`;
      logger.warn({ skewSeconds }, message);
      findings.push({ kind: 'clock-skew', message, details: { skewSeconds } });
      return true;
    },
    takeFindings() {
      const taken = findings;
      findings = [];
      return taken;
    },
  };
}
