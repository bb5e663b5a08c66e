import type {
  Clock,
  Ledger,
  Loader,
  Logger,
  PassMilestone,
  RejectThresholds,
  ShrinkLimits,
  Source,
  Spool,
} from '@edgeledger/core';
import type { FileSlots, UnitOutcome, UnitRun } from '@edgeledger/pipeline';
import type { Producer } from '@edgeledger/queue';

/** What the jobs of a worker work with. */
export interface HandlerServices {
  readonly sources: readonly Source[];
  readonly ledger: Ledger;
  readonly loader: Loader;
  /** Clears away what killed processes left in staging, given which units the queue still has parts of. */
  readonly sweep: (now: Date, findBegun: () => Promise<ReadonlySet<string>>) => Promise<unknown>;
  /** A source could be asked for its reports, or could not for the reason. Must not throw. */
  readonly onSource?: (source: Source, reason: string | undefined) => Promise<void>;
  /** Tells what a tick found out. Must not throw. */
  readonly tellAlerts?: () => Promise<unknown>;
  readonly producer: Pick<Producer, 'enqueueUnits' | 'enqueueReport' | 'findBegunReports'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly thresholds: RejectThresholds;
  readonly shrink?: ShrinkLimits;
  readonly spool?: Spool;
  readonly fileSlots?: FileSlots;
  /** How long after its due time a unit that is not there is reported as late, in ms. */
  readonly lateAfterMs?: number;
  /** How many whole days a tick without a range looks back. */
  readonly backfillDays: number;
  readonly onProgress?: UnitRun['onProgress'];
  /** A unit is through in this process: loaded, waiting or lost. */
  readonly onUnitEnd?: (outcome: UnitOutcome) => void;
  readonly passing?: PassMilestone;
}
