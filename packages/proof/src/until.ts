import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the condition holds; false when the limit passed first. A question that fails counts as "not yet". */
export async function holdsWithin(
  limitMs: number,
  condition: () => boolean | Promise<boolean>,
  everyMs = 60,
): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    if (await Promise.resolve(condition()).catch(() => false)) return true;
    if (performance.now() > deadline) return false;
    await sleep(everyMs);
  }
}
