import type { MatrixCase } from './matrix.ts';

/**
 * What a minute has room for: every window of a load, a migration and a prune in which most is at stake, and a fault of each
 * kind. Those that take long come first, so that nothing is waited for alone at the end.
 */
const SHORT = [
  'killed at random moments',
  'Postgres: fail-over, read-only for a while',
  'Postgres: sessions terminated',
  'vendor: a storm of 429, 500 and 503',
  'Postgres: disk full',
  'Postgres: connections reset',
  'killed: prune.dropping',
  'killed: partition.attached',
  'killed: part.downloaded',
  'killed: part.copying',
  'killed: report.enqueued',
  'killed: publish.started',
  'killed: publish.committed',
  'killed: job.done',
  'vendor: damaged gzip',
  'killed: migration.applying',
] as const;

const PLACES: ReadonlyMap<string, number> = new Map(SHORT.map((name, place) => [name, place]));

/** The short ones of all cases, in the order in which they are to be started. */
export function selectShort<Case extends Pick<MatrixCase, 'name'>>(cases: readonly Case[]): readonly Case[] {
  const placeOf = ({ name }: Case): number => PLACES.get(name) ?? -1;
  return cases.filter((one) => placeOf(one) >= 0).sort((a, b) => placeOf(a) - placeOf(b));
}

/** For a test: names that no case has. */
export function findUnknownNames(cases: readonly Pick<MatrixCase, 'name'>[]): string[] {
  const known = new Set(cases.map((one) => one.name));
  return SHORT.filter((name) => !known.has(name));
}
