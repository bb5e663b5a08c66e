import { addDays, ConfigError, parseUtcDay, toUtcDay, type UtcDay } from '@edgeledger/core';

/** Both days inclusive. */
export interface DayRange {
  readonly from: UtcDay;
  readonly to: UtcDay;
}

/**
 * The days a command is about. Without `--from` and `--to`: the last `backfillDays` whole UTC days,
 * yesterday included; with `--to` alone, that many days up to it.
 */
export function toDayRange(
  options: { from?: string; to?: string },
  backfillDays: number,
  now: Date,
): DayRange {
  const today = toUtcDay(now);
  const yesterday = addDays(today, -1);
  const to = options.to === undefined ? yesterday : parseUtcDay(options.to, '--to');
  const lookBackFrom = to < yesterday ? to : yesterday;
  const from =
    options.from === undefined
      ? addDays(lookBackFrom, 1 - backfillDays)
      : parseUtcDay(options.from, '--from');
  if (from > to) {
    throw new ConfigError(
      'config.invalid-range',
      `--from ${from} lies after --to ${to}. Give the earlier day to --from; both days are included.`,
    );
  }
  if (from > today) {
    throw new ConfigError(
      'config.invalid-range',
      `--from ${from} lies in the future; today is ${today} UTC. There are no reports of days to come.`,
    );
  }
  return { from, to: to > today ? today : to };
}
