import { type Clock, MILESTONES, type Milestone, type PassMilestone } from '@edgeledger/core';

/** What a subject is told when it starts: where it ends, and how patient it is until then. */
export interface Orders {
  readonly stopAt?: StopOrder;
  /** How long the queue waits for a sign of life of a worker, in ms. */
  readonly lockMs: number;
  /** First retry delay of jobs, in ms. */
  readonly backoffMs: number;
  /** Longest pause that a vendor may ask for without the job going back to the queue, in ms. */
  readonly inlineWaitMs: number;
  /** How long a connection may be silent before it is taken for dead, in ms. */
  readonly silenceMs: number;
  /** Connections of the process to the warehouse at most. */
  readonly maxConnections: number;
  /** So many look-ups of host names fail first, as while a name server is away. */
  readonly failedLookups?: number;
  /** The process's clock jumps by so much, in ms, again and again: there, and back after the same time. */
  readonly clockJump?: { readonly byMs: number; readonly everyMs: number };
}

export interface StopOrder {
  readonly milestone: Milestone;
  /** The first passing that counts, from 1. */
  readonly nth: number;
  /** `kill`: SIGKILL. `freeze`: SIGSTOP, until somebody sends SIGCONT. */
  readonly how: 'kill' | 'freeze';
}

export const QUICK_ORDERS: Orders = {
  lockMs: 2_000,
  backoffMs: 400,
  inlineWaitMs: 300,
  silenceMs: 3_000,
  maxConnections: 7,
};

export function toOrdersText(orders: Orders): string {
  return JSON.stringify(orders);
}

/** Reads what `toOrdersText` wrote; refuses a milestone that does not exist. */
export function parseOrders(text: string): Orders {
  const orders = JSON.parse(text) as Orders;
  const { stopAt } = orders;
  if (stopAt !== undefined && !Object.hasOwn(MILESTONES, stopAt.milestone)) {
    throw new Error(`There is no milestone "${stopAt.milestone}".`);
  }
  return orders;
}

/** Wrong by turns: as after a suspended machine, or a time service that found the right time late. */
export function createJumpingClock({ byMs, everyMs }: NonNullable<Orders['clockJump']>): Clock {
  return {
    now: () => new Date(Date.now() + (Math.floor(performance.now() / everyMs) % 2 === 0 ? 0 : byMs)),
  };
}

/**
 * The listener that carries an order out: the process signals itself, so it ends in the very statement that passes
 * the milestone, with everything that was written to sockets and files before it and nothing after it.
 */
export function createPassing(
  stopAt: StopOrder | undefined,
  signal: (name: NodeJS.Signals) => void,
): PassMilestone {
  let passed = 0;
  return (milestone) => {
    if (milestone !== stopAt?.milestone) return;
    passed += 1;
    if (passed === stopAt.nth) signal(stopAt.how === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  };
}
