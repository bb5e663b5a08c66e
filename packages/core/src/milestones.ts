/**
 * Where a process may die and what is half done then: every point of the code that leaves something outside this
 * process in a state that the next process finds. The code says when it passes one; whoever composes it may listen
 * (to kill it there and see what the next process makes of it, or to trace it).
 *
 * The crash table of `@edgeledger/proof` has a case for each; a test holds the two and the code together.
 */
export const MILESTONES = {
  'migration.applying': 'migrations ran in their transaction, which is not committed',
  'migration.committed': 'the warehouse is migrated, the tables of the queue are not',
  'sweep.dropping': 'abandoned loads are ended, their orphaned staging tables are still there',
  'plan.recorded': 'the ledger knows what is expected, nothing of it is enqueued',
  'plan.enqueued': 'units are enqueued, the planning tick is not acknowledged',
  'unit.checked': 'the vendor said that a unit is ready, no load of it has begun',
  'load.begun': 'a load is in the ledger, nothing is staged for it',
  'part.opened': 'the vendor answers, no byte was read',
  'part.receiving': 'the first bytes are in the archive’s spool, the file is not whole',
  'part.downloaded': 'after download: the last byte is here and kept, COPY has not ended',
  'columns.added': 'the data table has a new column, the report that brought it is not loaded',
  'leaf.made': 'the table that is to become a partition is there, without a row',
  'part.copying': 'during COPY',
  'part.copied': 'COPY has ended, its transaction is not committed',
  'part.staged': 'a part is staged with its receipt, its job does not know',
  'part.split': 'an answer that the vendor cut is forgotten, its halves are not read',
  'report.begun': 'the load of a report has begun, no job exists for its parts',
  'report.enqueued': 'the parts of a report are jobs, the job that made them is not acknowledged',
  'partition.prepared': 'the partition to come is filled and has its key, nobody sees it',
  'partition.detached':
    'during partition swap: the old partition is dropped, the new one not attached, nothing committed',
  'partition.attached': 'during partition swap: the new partition is attached, nothing committed',
  'publish.started': 'before publish: everything is staged, no row is written',
  'publish.rows-written': 'rows are written, the transaction is not committed',
  'publish.recorded': 'rows, rejects, findings, load and unit are written, the transaction is not committed',
  'publish.committed': 'after commit: readers see the unit, the caller does not know',
  'prune.dropping': 'during prune: a partition is dropped and its units marked, nothing committed',
  'prune.dropped': 'during prune: a partition is gone, the day’s table of it is there without any',
  'prune.detached': 'during prune: the day’s table is detached, nothing committed',
  'load.ended': 'a failed or stopped load is written off, the caller does not know',
  'job.taken': 'a job is taken from the queue, its work has not begun',
  'job.done': 'before acknowledging: the work of a job is done, the queue does not know',
  'job.delaying': 'a job has to wait, the queue does not know until when',
} as const satisfies Readonly<Record<string, string>>;

export type Milestone = keyof typeof MILESTONES;

/** Told synchronously and in order; must not throw. Absent: nobody listens, which is what production does. */
export type PassMilestone = (milestone: Milestone) => void;
