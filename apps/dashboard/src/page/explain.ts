import { assertNever, findErrorAdvice, type UnitRecord } from '@edgeledger/core';
import { formatCount, formatDaysLeft, formatMoment } from './format.ts';

/** Why a unit is as it is, in words, and what a person may do about it. */
export interface Explanation {
  readonly tone: 'good' | 'calm' | 'warn' | 'poor';
  readonly headline: string;
  readonly reasons: readonly string[];
  /** What to do; undefined when nothing needs to be done. */
  readonly advice: string | undefined;
  /** What the button that reads it again says. */
  readonly reloadLabel: string;
}

export interface UnitFacts {
  readonly unit: UnitRecord;
  readonly held: { readonly rows: string | null; readonly at: Date | null };
  readonly prunedAt: Date | null;
}

const URGENT_MS = 14 * 86_400_000;

export function explainUnit(facts: UnitFacts, now: Date): Explanation {
  const { unit } = facts;
  switch (unit.state) {
    case 'loaded':
      return facts.prunedAt === null ? explainLoaded(unit, now) : explainPruned(unit, facts.prunedAt, now);
    case 'held':
      return explainHeld(facts, now);
    case 'waiting':
      return explainWaiting(unit, now);
    case 'expected':
      return explainExpected(unit, now);
    case 'loading':
      return explainLoading(unit, now);
    case 'failed':
      return explainFailed(unit, now);
    case 'lost':
      return {
        tone: 'poor',
        headline: 'Lost: the vendor no longer keeps it',
        reasons: [unit.errorMessage ?? 'The vendor dropped it before it was loaded.'],
        advice: `If somebody saved its files from the vendor’s site, \`edgeledger import FILE… --dataset ${unit.dataset} --report-key ${unit.reportKey} --account ${unit.account}\` brings them in.`,
        reloadLabel: 'Ask the vendor once more',
      };
    default:
      return assertNever(unit.state);
  }
}

/** Until when it can still be had. */
export function explainLoss({ expiresAt }: Pick<UnitRecord, 'expiresAt'>, now: Date): readonly string[] {
  if (expiresAt === null) return [];
  const leftMs = expiresAt.getTime() - now.getTime();
  if (leftMs <= 0)
    return ['The vendor’s time to keep it is over: the next planning tells whether it is lost.'];
  const left = formatDaysLeft(leftMs / 86_400_000);
  const hurry = leftMs <= URGENT_MS ? ' After that it is lost for good.' : '';
  return [`The vendor keeps it until ${expiresAt.toISOString().slice(0, 10)}: ${left} left.${hurry}`];
}

function toneOf({ expiresAt }: UnitRecord, now: Date): 'calm' | 'warn' {
  return expiresAt !== null && expiresAt.getTime() - now.getTime() <= URGENT_MS ? 'warn' : 'calm';
}

function explainLoaded(unit: UnitRecord, now: Date): Explanation {
  const rows = `${formatCount(unit.rows ?? 0)} ${unit.rows === 1 ? 'row' : 'rows'}`;
  const rejects =
    (unit.rejects ?? 0) > 0
      ? [
          `${formatCount(unit.rejects ?? 0)} records could not be accepted; they are kept below with the reason.`,
        ]
      : [];
  const loadedAt = unit.loadedAt === null ? '' : `, loaded ${formatMoment(unit.loadedAt, now)}`;
  const base = { advice: undefined, reloadLabel: 'Load again' };
  if (unit.errorCode !== null) {
    return {
      ...base,
      tone: 'warn',
      headline: 'In the warehouse, but the newest attempt to read it again failed',
      reasons: [`${rows}${loadedAt}, are there as before.`, unit.errorMessage ?? unit.errorCode, ...rejects],
      advice: findErrorAdvice(unit.errorCode),
    };
  }
  if (unit.settledAt !== null) {
    return {
      ...base,
      tone: 'good',
      headline: 'In the warehouse, complete and settled',
      reasons: [`${rows}${loadedAt}. The vendor will not change it any more.`, ...rejects],
    };
  }
  const again =
    unit.nextCheckAt === null
      ? 'The vendor may still change it.'
      : `The vendor may still change it, so it is read again (${formatMoment(unit.nextCheckAt, now)}).`;
  return {
    ...base,
    tone: 'good',
    headline: 'In the warehouse, provisional',
    reasons: [`${rows}${loadedAt}. ${again}`, ...rejects],
  };
}

function explainPruned(unit: UnitRecord, prunedAt: Date, now: Date): Explanation {
  const rows = `${formatCount(unit.rows ?? 0)} ${unit.rows === 1 ? 'row' : 'rows'}`;
  return {
    tone: 'calm',
    headline: 'Was in the warehouse; its rows were pruned',
    reasons: [
      `It was loaded with ${rows}, and \`edgeledger prune\` removed them (${formatMoment(prunedAt, now)}). Only the ledger has it now.`,
      ...explainLoss(unit, now),
    ],
    advice: undefined,
    reloadLabel: 'Load it again',
  };
}

function explainHeld({ unit, held }: UnitFacts, now: Date): Explanation {
  const seen = held.rows === null ? 'much fewer rows' : `${formatCount(held.rows)} rows`;
  const at = held.at === null ? '' : ` (read ${formatMoment(held.at, now)})`;
  const second =
    unit.nextCheckAt === null
      ? 'A second reading decides.'
      : `A second reading decides: ${formatMoment(unit.nextCheckAt, now)}.`;
  return {
    tone: 'warn',
    headline: 'In the warehouse as it was; a much smaller revision is held back',
    reasons: [
      `The vendor issued it again with ${seen} instead of ${formatCount(unit.rows ?? 0)}${at}. The earlier rows stay until that is confirmed.`,
      second,
    ],
    advice:
      'If you know that the smaller report is right, confirm it: its rows then replace the earlier ones.',
    reloadLabel: 'Read it a second time now',
  };
}

function explainWaiting(unit: UnitRecord, now: Date): Explanation {
  const next =
    unit.nextCheckAt === null
      ? 'It is asked about again with the next planning.'
      : `It is asked about again: ${formatMoment(unit.nextCheckAt, now)}.`;
  return {
    tone: toneOf(unit, now),
    headline: 'Waiting: the vendor does not have it yet',
    reasons: [
      toSentence(unit.errorMessage ?? 'The vendor has not finished it'),
      next,
      ...explainLoss(unit, now),
    ],
    advice: 'Nothing needs to be done. If you know that it is there now, load it at once.',
    reloadLabel: 'Ask the vendor now',
  };
}

function explainExpected(unit: UnitRecord, now: Date): Explanation {
  const isDue = unit.nextCheckAt === null || unit.nextCheckAt <= now;
  const due = unit.nextCheckAt === null ? '' : ` (${formatMoment(unit.nextCheckAt, now)})`;
  return {
    tone: isDue ? 'warn' : 'calm',
    headline: isDue ? 'Expected: it is due, and no worker has read it yet' : 'Expected: it is not due yet',
    reasons: [
      isDue
        ? `It may be read since it is due${due}. It is in the queue, or no worker runs.`
        : `The vendor publishes it later${due}.`,
      ...explainLoss(unit, now),
    ],
    advice: isDue
      ? 'Load it now. If it stays so, look at the queue: without a running `edgeledger worker` (or `edgeledger up`) nothing is read.'
      : undefined,
    reloadLabel: 'Load it now',
  };
}

function explainLoading(unit: UnitRecord, now: Date): Explanation {
  if (unit.isBeingLoaded) {
    return {
      tone: 'calm',
      headline: 'A worker reads it right now',
      reasons: ['It becomes visible as a whole when all of it is read.'],
      advice: undefined,
      reloadLabel: 'Load again',
    };
  }
  return {
    tone: 'warn',
    headline: 'A worker began to read it and was interrupted',
    reasons: [
      'For ten minutes nothing has been heard of that worker; it was probably stopped. Nothing of the attempt is visible. The next planning tries it again.',
      ...explainLoss(unit, now),
    ],
    advice: 'Load it now, or wait for the next planning.',
    reloadLabel: 'Load it now',
  };
}

function explainFailed(unit: UnitRecord, now: Date): Explanation {
  const attempts = unit.attempts === 1 ? '1 attempt' : `${unit.attempts} attempts`;
  const next =
    unit.nextCheckAt === null ? '' : ` It is tried again by itself: ${formatMoment(unit.nextCheckAt, now)}.`;
  return {
    tone: 'poor',
    headline: `Failed after ${attempts}${unit.errorCode === null ? '' : `: ${unit.errorCode}`}`,
    reasons: [
      unit.errorMessage ?? 'The ledger does not say why.',
      `Nothing of it is in the warehouse.${next}`,
      ...explainLoss(unit, now),
    ],
    advice: unit.errorCode === null ? undefined : findErrorAdvice(unit.errorCode),
    reloadLabel: 'Retry now',
  };
}

export interface AbsenceFacts {
  readonly day: string;
  readonly today: string;
  /** UTC days of the dataset's oldest and newest unit; undefined when it has none. */
  readonly firstDay: string | undefined;
  readonly lastDay: string | undefined;
}

/** Why a dataset has no unit on a day: nobody ever planned it. */
export function explainAbsence({ day, today, firstDay, lastDay }: AbsenceFacts): {
  readonly reason: string;
  readonly canPlan: boolean;
} {
  if (firstDay === undefined) {
    return {
      reason: 'The ledger knows no report of this dataset at all. It is planned when a source has it.',
      canPlan: true,
    };
  }
  if (day > today) return { reason: 'That day is in the future.', canPlan: false };
  if (day === today) {
    return {
      reason:
        'That day has not ended. Whole days are planned after they end; an Akamai stream with `everyMinutes` also reads the running day.',
      canPlan: false,
    };
  }
  if (day < firstDay) {
    return {
      reason: `It was never planned: the first known report is of ${firstDay}. Either it was further back than BACKFILL_DAYS when planning began, or the account did not have the report then. A backfill asks the vendor what it still has.`,
      canPlan: true,
    };
  }
  if (lastDay !== undefined && day > lastDay) {
    return {
      reason: `It was not planned since ${lastDay}. Either no scheduler runs, or the dataset is no longer in the configuration, or its source cannot be asked. A backfill of the day tells.`,
      canPlan: true,
    };
  }
  return {
    reason:
      'It was not planned, although days before and after it were: the vendor never listed it. A backfill asks again.',
    canPlan: true,
  };
}

function toSentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
