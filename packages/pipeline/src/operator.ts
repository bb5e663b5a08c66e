import {
  type ActionLog,
  type ActionOutcome,
  type ActionRequest,
  type Ledger,
  toEdgeledgerError,
  toSourceId,
  type UnitKey,
  type UnitRef,
  type UtcDay,
} from '@edgeledger/core';

/** What the queue's producer offers, in the words of the pipeline. */
export interface Hands {
  /** `isUrgent`: what waits for a later time runs now. */
  enqueueUnits(units: readonly HandedUnit[]): Promise<{
    readonly added: number;
    readonly alreadyQueued: number;
    readonly promoted: number;
  }>;
  /** One planning of a range by a worker; false when an equal one waits already. */
  enqueueBackfill(backfill: {
    readonly sourceId: string;
    readonly from: UtcDay;
    readonly to: UtcDay;
    readonly datasets: readonly string[] | undefined;
  }): Promise<boolean>;
}

export interface HandedUnit {
  readonly sourceId: string;
  readonly unit: UnitRef;
  readonly confirmedRevision?: string | undefined;
}

export interface OperatorServices {
  readonly ledger: Pick<Ledger, 'findUnit'>;
  readonly findFailed: (filter: FailedFilter & { readonly limit: number }) => Promise<readonly UnitRef[]>;
  readonly actions: ActionLog;
  readonly hands: Hands;
}

export interface FailedFilter {
  readonly account?: string | undefined;
  readonly dataset?: string | undefined;
}

export interface BackfillRequest {
  readonly sources: readonly string[];
  readonly from: UtcDay;
  readonly to: UtcDay;
  /** Absent: all of each source. */
  readonly datasets?: readonly string[] | undefined;
}

export interface ActionResult {
  readonly actionId: string;
  readonly outcome: ActionOutcome;
  readonly message: string;
}

/** What people may ask for. Everything is written to the audit trail first, and only handed to the queue. */
export interface Operator {
  /** Reads a unit again from the vendor, whatever its state. */
  reload(unit: UnitKey, person: string): Promise<ActionResult>;
  /** Takes the revision of a held unit that the person saw; another one that came meanwhile is judged anew. */
  confirm(unit: UnitKey, revision: string, person: string): Promise<ActionResult>;
  retryFailed(filter: FailedFilter, person: string): Promise<ActionResult>;
  backfill(request: BackfillRequest, person: string): Promise<ActionResult>;
}

/** More than that in one go is a matter of `edgeledger run` or of the next tick. */
export const RETRY_LIMIT = 5_000;

type Ending = Omit<ActionResult, 'actionId'>;

export function createOperator(services: OperatorServices): Operator {
  const { ledger, findFailed, hands } = services;
  return {
    reload: (unit, person) =>
      recorded(services, toRequest('reload', unit, person), async () => {
        const record = await ledger.findUnit(unit);
        if (record === undefined) return unknownUnit(unit);
        return describeUnits(await hands.enqueueUnits([toHandedUnit(record)]));
      }),
    confirm: (unit, revision, person) =>
      recorded(services, toRequest('confirm', unit, person, { revision }), async () => {
        const record = await ledger.findUnit(unit);
        if (record === undefined) return unknownUnit(unit);
        if (record.state !== 'held') {
          return nothing(`${unit.reportKey} is not held any more: it is ${record.state}. Nothing was done.`);
        }
        if (record.heldRevision !== revision) {
          return nothing('The vendor issued it once more since this page was made. Look at it again.');
        }
        return describeUnits(
          await hands.enqueueUnits([{ ...toHandedUnit(record), confirmedRevision: revision }]),
        );
      }),
    retryFailed: (filter, person) =>
      recorded(services, { person, kind: 'retry', ...filter }, async () => {
        const failed = await findFailed({ ...filter, limit: RETRY_LIMIT });
        if (failed.length === 0) return nothing('No unit has failed any more. Nothing was done.');
        return describeUnits(await hands.enqueueUnits(failed.map(toHandedUnit)));
      }),
    backfill: (request, person) =>
      recorded(services, toBackfillRequest(request, person), () => backfill(request, hands)),
  };
}

async function backfill({ sources, ...range }: BackfillRequest, hands: Hands): Promise<Ending> {
  if (range.from > range.to) return nothing('The first day is after the last one. Nothing was done.');
  if (sources.length === 0) return nothing('No source was named. Nothing was done.');
  let added = 0;
  for (const sourceId of sources) {
    const ofVendor = (dataset: string): boolean => sourceId.startsWith(toSourceId({ account: '', dataset }));
    const datasets = range.datasets?.filter(ofVendor);
    if (datasets !== undefined && datasets.length === 0) continue;
    if (await hands.enqueueBackfill({ sourceId, from: range.from, to: range.to, datasets })) added += 1;
  }
  if (added === 0) return nothing('The same range is planned already. Nothing was added.');
  return {
    outcome: 'done',
    message: `Handed to the queue: a worker plans ${range.from} to ${range.to} for ${sources.join(', ')} and loads what is missing.`,
  };
}

async function recorded(
  { actions }: OperatorServices,
  request: ActionRequest,
  work: () => Promise<Ending>,
): Promise<ActionResult> {
  const actionId = await actions.begin(request);
  const ending = await work().catch(
    (error: unknown): Ending => ({ outcome: 'failed', message: toEdgeledgerError(error).message }),
  );
  await actions.finish(actionId, ending.outcome, ending.message);
  return { actionId, ...ending };
}

function toRequest(
  kind: 'reload' | 'confirm',
  { account, dataset, reportKey }: UnitKey,
  person: string,
  details: Readonly<Record<string, unknown>> = {},
): ActionRequest {
  return { person, kind, account, dataset, reportKey, details };
}

function toBackfillRequest({ sources, from, to, datasets }: BackfillRequest, person: string): ActionRequest {
  return { person, kind: 'backfill', details: { sources, from, to, ...(datasets && { datasets }) } };
}

function toHandedUnit({ account, dataset, reportKey, period }: UnitRef): HandedUnit {
  const unit = { account, dataset, reportKey, period };
  return { sourceId: toSourceId(unit), unit };
}

function describeUnits(handed: { added: number; alreadyQueued: number; promoted: number }): Ending {
  const { added, promoted } = handed;
  const running = handed.alreadyQueued - promoted;
  const count = (units: number): string => (units === 1 ? '1 report' : `${units} reports`);
  const sentences = [
    added > 0 ? `Handed to the queue: ${count(added)}, read as soon as a worker is free.` : '',
    promoted > 0 ? `${count(promoted)} waited in the queue for a later time and now run next.` : '',
    running > 0 ? `${count(running)} ${running === 1 ? 'was' : 'were'} in the queue already.` : '',
  ].filter((sentence) => sentence !== '');
  return { outcome: added + promoted > 0 ? 'done' : 'nothing', message: sentences.join(' ') };
}

function nothing(message: string): Ending {
  return { outcome: 'nothing', message };
}

function unknownUnit({ reportKey }: UnitKey): Ending {
  return nothing(`The ledger does not know ${reportKey}. Nothing was done.`);
}
