import {
  type Dataset,
  type DiscoverRange,
  dayPeriod,
  dayStart,
  type ExpectedUnit,
  eachDay,
  HOUR_MS,
  type Period,
  toCompactDay,
  toUtcDay,
  type UnitRef,
  type UtcDay,
} from '@edgeledger/core';
import type { AkamaiStream } from '../source-config.ts';
import type { StreamReport } from './stream-report.ts';
import { toDueAt, toExpiresAt } from './wait.ts';

/** A stream with the report it reads and the dataset it fills. */
export interface StreamDataset {
  readonly stream: AkamaiStream;
  readonly report: StreamReport;
  /** Of a report whose table follows from its type, only a beginning until the type was read. */
  readonly dataset: Dataset;
}

/** Hours of a UTC day that every stream's units divide it into, oldest first. */
function toPeriods(day: UtcDay, windowHours: number | undefined): Period[] {
  const { start, end } = dayPeriod(day);
  const lengthMs = (windowHours ?? 24) * HOUR_MS;
  const count = Math.ceil((end.getTime() - start.getTime()) / lengthMs);
  return Array.from({ length: count }, (_, index) => {
    const from = start.getTime() + index * lengthMs;
    return { start: new Date(from), end: new Date(Math.min(end.getTime(), from + lengthMs)) };
  });
}

/** One unit per stream and UTC day or window: Akamai has no listing, the calendar alone says what exists. */
export function discoverUnits(
  streams: readonly StreamDataset[],
  account: string,
  { range, now }: { readonly range: DiscoverRange; readonly now: Date },
): ExpectedUnit[] {
  const today = toUtcDay(now);
  const days = eachDay(range.from, range.to < today ? range.to : today).filter((day) => dayStart(day) < now);
  return streams
    .filter(({ dataset }) => range.datasets?.includes(dataset.name) ?? true)
    .flatMap(({ stream, dataset }) =>
      days
        .flatMap((day) => toPeriods(day, stream.windowHours))
        .filter((period) => period.start < now)
        .map((period): ExpectedUnit => {
          return {
            account,
            dataset: dataset.name,
            reportKey: `${toKeyPrefix(stream, dataset)}${toKeyTime(period, stream)}`,
            period,
            expiresAt: toExpiresAt(period, dataset.retentionDays),
            dueAt: toDueAt(period),
          };
        }),
    );
}

/** `20261120`, with `T0600` when the window is shorter than a day. */
function toKeyTime({ start }: Period, { windowHours }: AkamaiStream): string {
  const day = toCompactDay(toUtcDay(start));
  if (windowHours === undefined || windowHours >= 24) return day;
  return `${day}T${start.toISOString().slice(11, 16).replace(':', '')}`;
}

/** The stream that a unit belongs to, by the name in its report key. */
export function findStream(streams: readonly StreamDataset[], unit: UnitRef): StreamDataset | undefined {
  return streams.find(({ stream, dataset }) => {
    const prefix = toKeyPrefix(stream, dataset);
    return (
      unit.dataset === dataset.name &&
      unit.reportKey.startsWith(prefix) &&
      /^\d{8}(T\d{4})?$/.test(unit.reportKey.slice(prefix.length))
    );
  });
}

function toKeyPrefix(stream: AkamaiStream, dataset: Dataset): string {
  return `${dataset.report}_${stream.name}_`;
}
