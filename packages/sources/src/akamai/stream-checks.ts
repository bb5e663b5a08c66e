import { ConfigError } from '@edgeledger/core';
import type { AkamaiStream } from '../source-config.ts';
import type { ReportOffer } from './report-offer.ts';
import type { StreamReport } from './stream-report.ts';

/** What a stream asks for and its report does not offer, each with what it does offer; empty when all is well. */
export function findStreamProblems(
  stream: AkamaiStream,
  report: StreamReport,
  offer: ReportOffer | undefined,
): string[] {
  if (offer === undefined) return [];
  const filterNames = Object.keys(stream.filters ?? {});
  const metricNames = offer.metrics.map((metric) => metric.name);
  const problems = [
    ...findUnknown('metric', stream.metrics ?? [], metricNames),
    ...findUnknown('filter', filterNames, offer.filters),
    ...findMissing(filterNames, offer.mandatoryFilters),
  ];
  if (report.api === 'v2')
    problems.push(...findUnknown('dimension', stream.dimensions ?? [], offer.dimensions));
  const max = offer.maxDimensions;
  if (max !== undefined && (stream.dimensions ?? []).length > max)
    problems.push(`it asks for ${stream.dimensions?.length} dimensions, the report allows ${max}`);
  if (report.api === 'v1' && isOverTime(offer) && findInterval(offer) === undefined)
    problems.push(`it needs intervals of at most a day, the report has ${list(offer.intervals)}`);
  return problems;
}

/** @throws ConfigError `config.invalid` that names what the report offers */
export function assertStream(
  stream: AkamaiStream,
  report: StreamReport,
  offer: ReportOffer | undefined,
): void {
  const problems = findStreamProblems(stream, report, offer);
  if (problems.length === 0) return;
  throw new ConfigError(
    'config.invalid',
    `Akamai stream "${stream.name}" (${report.name}): ${problems.join('; ')}. Change the stream in edgeledger.yaml.`,
  );
}

const TIME_GROUP = 'startdatetime';

export function isOverTime(offer: ReportOffer): boolean {
  return offer.dimensions.includes(TIME_GROUP);
}

/** The finest interval that a report has. */
export function findInterval(offer: ReportOffer | undefined): 'FIVE_MINUTES' | 'HOUR' | 'DAY' | undefined {
  if (offer === undefined || offer.intervals.length === 0) return 'FIVE_MINUTES';
  return (['FIVE_MINUTES', 'HOUR', 'DAY'] as const).find((interval) => offer.intervals.includes(interval));
}

/** A report type that lists none at all leaves the list out; then the vendor's answer has to tell. */
function findUnknown(what: string, asked: readonly string[], offered: readonly string[]): string[] {
  if (offered.length === 0) return [];
  const unknown = asked.filter((name) => !offered.includes(name));
  if (unknown.length === 0) return [];
  return [
    `there is no ${what} ${unknown.map((name) => `"${name}"`).join(', ')}; the report offers ${list(offered)}`,
  ];
}

function findMissing(asked: readonly string[], mandatory: readonly string[]): string[] {
  const missing = mandatory.filter((name) => !asked.includes(name));
  return missing.length === 0 ? [] : [`the report needs the filter ${list(missing)}`];
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
