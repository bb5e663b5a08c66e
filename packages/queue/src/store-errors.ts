import { EdgeledgerError, TransientError } from '@edgeledger/core';

/**
 * Runs an operation on the queue's store. What the drivers throw has no class of ours, and would count as a bug
 * that is not retried; a store that went away comes back.
 *
 * @throws TransientError `queue.unavailable`
 */
export async function withStore<T>(what: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    if (error instanceof EdgeledgerError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    // not as its cause: a Redis error carries the command's arguments
    throw new TransientError(
      'queue.unavailable',
      `${what}: the queue's store did not do it (${message}). It is tried again; check that the store runs.`,
    );
  }
}
