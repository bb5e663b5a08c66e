import type { MatrixCase } from './matrix.ts';

/** What a minute has room for: the windows in which most is at stake, and a fault of each kind. */
const SHORT: ReadonlySet<string> = new Set([
  'killed: migration.applying',
  'killed: plan.recorded',
  'killed: part.receiving',
  'killed: part.downloaded',
  'killed: part.copying',
  'killed: report.enqueued',
  'killed: publish.started',
  'killed: publish.recorded',
  'killed: publish.committed',
  'killed: partition.attached',
  'killed: prune.dropping',
  'killed: job.done',
  'vendor: connections reset',
  'vendor: bodies cut',
  'vendor: damaged gzip',
  'vendor: wrong hashes',
  'vendor: a storm of 429, 500 and 503',
  'Postgres: connections reset',
  'Postgres: sessions terminated',
  'Postgres: fail-over, read-only for a while',
  'Postgres: disk full',
  'killed at random moments',
]);

export function isShort(one: Pick<MatrixCase, 'name'>): boolean {
  return SHORT.has(one.name);
}

/** For a test: names that no case has. */
export function findUnknownNames(cases: readonly Pick<MatrixCase, 'name'>[]): string[] {
  const known = new Set(cases.map((one) => one.name));
  return [...SHORT].filter((name) => !known.has(name));
}
