import {
  type CompanionRows,
  ContractError,
  DEFAULT_REJECT_THRESHOLDS,
  DEFAULT_SHRINK_LIMITS,
  isAboveThreshold,
  type Load,
  type PartFacts,
  type RejectThresholds,
  type UnitRecord,
} from '@edgeledger/core';
import { decideFinality } from './finality.ts';
import type { ReadyUnit, UnitOutcome, UnitServices } from './run-unit.ts';

export interface LoadToPublish {
  readonly load: Load;
  readonly ready: Pick<ReadyUnit, 'vendorReportId' | 'revision'>;
  /** The ledger's record from before the load. */
  readonly record: UnitRecord | undefined;
  readonly facts: readonly PartFacts[];
}

/** Verifies what was staged and publishes it, or gives it up when there is nothing yet. */
export async function publishLoad(
  { load, ready, record, facts }: LoadToPublish,
  services: UnitServices,
): Promise<UnitOutcome> {
  const now = services.clock.now();
  const finality = decideFinality({ unit: load.unit, facts, record, now });
  if (finality.kind === 'waiting') {
    await load.abandon();
    await services.ledger.recordWaiting(
      load.unit,
      finality.until,
      'the vendor has no data of this period yet',
    );
    return { kind: 'waiting', until: finality.until, reason: 'no data yet' };
  }
  await assertFewRejects(load, services.thresholds ?? DEFAULT_REJECT_THRESHOLDS);
  const result = await load.publish({
    now,
    vendorReportId: ready.vendorReportId,
    revision: ready.revision,
    companions: facts.flatMap((part): readonly CompanionRows[] => part.companions),
    findings: facts.flatMap((part) => part.findings),
    availableAt: finality.availableAt,
    isSettled: finality.isSettled,
    nextCheckAt: finality.nextCheckAt,
    confirmAt: finality.confirmAt,
    ...toShrinkGuard(ready, services),
  });
  services.logger.info(
    {
      unit: load.unit.reportKey,
      dataset: load.unit.dataset,
      outcome: result.outcome,
      rows: result.rowsInserted,
    },
    result.held === undefined ? 'unit published' : 'unit held back',
  );
  if (result.held === undefined) return { kind: 'loaded', result };
  const { rows, visibleRows, confirmableAt } = result.held;
  const reason = `issued again with ${rows} rows instead of ${visibleRows}; the earlier rows stay until that is confirmed`;
  return { kind: 'held', until: confirmableAt, reason };
}

/** Only a report that is issued as a whole can be issued again; live data is read again all the time. */
function toShrinkGuard(ready: Pick<ReadyUnit, 'revision'>, services: UnitServices) {
  if (ready.revision === null || services.isConfirmed === true) return {};
  return { shrinkGuard: { ...(services.shrink ?? DEFAULT_SHRINK_LIMITS), isLook: services.isCopy !== true } };
}

async function assertFewRejects(load: Load, limits: RejectThresholds): Promise<void> {
  const parts = await load.stagedParts();
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const rejects = parts.reduce((sum, part) => sum + part.rejects, 0);
  if (!isAboveThreshold({ rows, rejects }, limits)) return;
  const share = ((100 * rejects) / (rows + rejects)).toFixed(2);
  throw new ContractError(
    'unit.rejects-above-threshold',
    `Loading ${load.unit.reportKey}: ${rejects} of ${rows + rejects} records (${share} %) were rejected, allowed are ` +
      `${limits.maxShare * 100} % and ${limits.maxCount}. What was loaded before stays. Look at ledger.rejects for the ` +
      'reasons; correct the column mapping or raise rejects.maxShare / rejects.maxCount in edgeledger.yaml, then replay it.',
    { context: { rows, rejects } },
  );
}
