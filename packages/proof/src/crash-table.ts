import type { Milestone } from '@edgeledger/core';
import type { DatabaseState } from './lab.ts';

/** What a subject does when it is killed, and what the next one does about it. */
export type Scenario =
  /** A worker loads both days into empty tables. */
  | 'load'
  /** The same; one file breaks off until its load is given up. */
  | 'broken'
  /** The same; a killed process left tables in staging. */
  | 'litter'
  /** The same; the vendor asks for patience first. */
  | 'waiting'
  /** Both days are loaded, one report was issued again. */
  | 'revision'
  /** Both days are loaded, the first one is too old. */
  | 'prune'
  /** An empty database is set up. */
  | 'migrate';

export const SCENARIO_DATABASES = {
  load: 'migrated',
  broken: 'migrated',
  litter: 'migrated',
  waiting: 'migrated',
  revision: 'loaded',
  prune: 'loaded',
  migrate: 'empty',
} as const satisfies Record<Scenario, DatabaseState>;

export interface CrashCase {
  readonly scenario: Scenario;
  /** The passing at which it is killed, from 1. */
  readonly nth: number;
}

/**
 * Every milestone and the process that is killed at it. Adding a milestone to the code without a line here does not
 * compile; `crash-table.test.ts` looks for milestones that the code does not pass.
 */
export const CRASH_TABLE = {
  'migration.applying': { scenario: 'migrate', nth: 1 },
  'migration.committed': { scenario: 'migrate', nth: 1 },
  'sweep.dropping': { scenario: 'litter', nth: 1 },
  'plan.recorded': { scenario: 'load', nth: 1 },
  'plan.enqueued': { scenario: 'load', nth: 1 },
  'unit.checked': { scenario: 'load', nth: 2 },
  'load.begun': { scenario: 'load', nth: 3 },
  'part.opened': { scenario: 'load', nth: 4 },
  'part.receiving': { scenario: 'load', nth: 6 },
  'part.downloaded': { scenario: 'load', nth: 5 },
  'columns.added': { scenario: 'load', nth: 1 },
  'leaf.made': { scenario: 'load', nth: 2 },
  'part.copying': { scenario: 'load', nth: 7 },
  'part.copied': { scenario: 'load', nth: 8 },
  'part.staged': { scenario: 'load', nth: 9 },
  'part.split': { scenario: 'load', nth: 1 },
  'report.begun': { scenario: 'load', nth: 1 },
  'report.enqueued': { scenario: 'load', nth: 1 },
  'partition.prepared': { scenario: 'load', nth: 1 },
  'partition.detached': { scenario: 'revision', nth: 1 },
  'partition.attached': { scenario: 'revision', nth: 1 },
  'publish.started': { scenario: 'load', nth: 4 },
  'publish.rows-written': { scenario: 'load', nth: 3 },
  'publish.recorded': { scenario: 'load', nth: 5 },
  'publish.committed': { scenario: 'load', nth: 6 },
  'prune.dropping': { scenario: 'prune', nth: 1 },
  'prune.dropped': { scenario: 'prune', nth: 1 },
  'prune.detached': { scenario: 'prune', nth: 1 },
  'load.ended': { scenario: 'broken', nth: 1 },
  'job.taken': { scenario: 'load', nth: 5 },
  'job.done': { scenario: 'load', nth: 6 },
  'job.delaying': { scenario: 'waiting', nth: 1 },
} as const satisfies Readonly<Record<Milestone, CrashCase>>;
