import type { ActionOutcome, UnitKey, UtcDay } from '@edgeledger/core';
import type { Presence, UnitJob } from '@edgeledger/queue';

export interface ActionResult {
  readonly actionId: string;
  readonly outcome: ActionOutcome;
  readonly message: string;
}

/** What the pages may set in motion. The pipeline's `createOperator` fits; it writes the audit trail. */
export interface DashboardOperator {
  reload(unit: UnitKey, person: string): Promise<ActionResult>;
  confirm(unit: UnitKey, revision: string, person: string): Promise<ActionResult>;
  retryFailed(
    filter: { readonly account?: string | undefined; readonly dataset?: string | undefined },
    person: string,
  ): Promise<ActionResult>;
  backfill(
    request: {
      readonly sources: readonly string[];
      readonly from: UtcDay;
      readonly to: UtcDay;
      readonly datasets?: readonly string[] | undefined;
    },
    person: string,
  ): Promise<ActionResult>;
}

/** The jobs of a unit; `loadIds` are its newest loads. */
export type FindJobs = (unit: UnitKey, loadIds: readonly string[]) => Promise<readonly UnitJob[]>;

/** Whether workers and schedules are there. */
export type ReadPresence = () => Promise<Presence>;
