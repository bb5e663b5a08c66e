import {
  type Dataset,
  type DiscoverRange,
  dayPeriod,
  dayStart,
  type ExpectedUnit,
  eachDay,
  toCompactDay,
  toUtcDay,
  type UnitRef,
} from '@edgeledger/core';
import type { AkamaiStream } from '../source-config.ts';
import { toDueAt, toExpiresAt } from './wait.ts';

/** A stream with the dataset it fills. */
export interface StreamDataset {
  readonly stream: AkamaiStream;
  readonly dataset: Dataset;
}

/** One unit per stream and UTC day: Akamai has no listing, the calendar alone says what exists. */
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
      days.map((day): ExpectedUnit => {
        const period = dayPeriod(day);
        return {
          account,
          dataset: dataset.name,
          reportKey: `${toKeyPrefix(stream, dataset)}${toCompactDay(day)}`,
          period,
          expiresAt: toExpiresAt(period, dataset.retentionDays),
          dueAt: toDueAt(period),
        };
      }),
    );
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
