import type { RateBudget } from '@edgeledger/core';

/** By budget key, how many requests its window allows. */
export type KnownLimits = Map<string, number>;

/** Keeps what the limits are; how much of them is used, the budget's store knows. */
export function createMeasuredRateBudget(budget: RateBudget, limits: KnownLimits): RateBudget {
  return {
    take: (limit, request) => {
      limits.set(limit.key, limit.requests);
      return budget.take(limit, request);
    },
    pause: (limit, durationMs) => budget.pause(limit, durationMs),
  };
}
