/** What a scrape asks of the warehouse; its `questions.facts()` fits. */
export interface LedgerFacts {
  readonly datasets: readonly DatasetFacts[];
  readonly units: readonly {
    readonly account: string;
    readonly dataset: string;
    readonly state: string;
    readonly count: number;
  }[];
  /** Rate budgets that some worker took a place of in the last days. */
  readonly budgets: readonly {
    /** `akamai/default/endpoint-usage-by-time`. */
    readonly key: string;
    /** Requests that the vendor may count in its window now. */
    readonly taken: number;
    readonly isPaused: boolean;
  }[];
}

export interface DatasetFacts {
  readonly account: string;
  readonly dataset: string;
  /** Exclusive end of what is loaded without a gap; null when the first unit is missing. */
  readonly completeThrough: Date | null;
  readonly gaps: number;
  /** Until the vendor drops the first of the units that are missing and not lost; null when there is none. */
  readonly daysToLoss: number | null;
}
