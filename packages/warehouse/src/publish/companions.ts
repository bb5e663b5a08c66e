import type { CompanionRows, Dataset } from '@edgeledger/core';
import type pg from 'pg';
import { readTableColumns, type StagedColumn, toStagedColumns } from '../columns.ts';
import { toCopyChunks } from '../copy-text.ts';
import { toDataTable, toRelation } from '../identifiers.ts';
import type { LoadIdentity } from '../load-identity.ts';
import { copyRows, createStagingTable } from '../stage-part.ts';
import type { StagedPart } from '../staging.ts';
import { publishReplace } from './replace.ts';
import type { PublishTarget } from './source.ts';
import { assertColumns } from './target.ts';
import { publishUpsert } from './upsert.ts';

/** Rows of one further table, staged in temporary tables. */
type StagedCompanion = Omit<PublishTarget, 'unit' | 'loadId'>;

/**
 * Stages rows for further tables (summary statistics). They are few, so that happens in the unit's transaction, but before it
 * holds any lock that others wait for: a process that is frozen in the middle of a COPY keeps its locks, because to the server it
 * is not idle.
 */
export async function stageCompanions(
  client: pg.PoolClient,
  companions: readonly CompanionRows[],
): Promise<readonly StagedCompanion[]> {
  const byDataset = Map.groupBy(companions, (companion) => companion.dataset.name);
  const staged: StagedCompanion[] = [];
  for (const [index, group] of [...byDataset.values()].entries()) {
    const dataset = group[0]?.dataset;
    if (dataset !== undefined) staged.push(await stageGroup(client, { dataset, group, index }));
  }
  return staged;
}

/** By the strategy of their own dataset, in the unit's transaction. */
export async function publishCompanions(
  client: pg.PoolClient,
  load: LoadIdentity,
  companions: readonly StagedCompanion[],
): Promise<void> {
  for (const companion of companions) {
    const target: PublishTarget = { ...companion, unit: load.unit, loadId: load.loadId };
    await (companion.dataset.strategy === 'upsert'
      ? publishUpsert(client, target)
      : publishReplace(client, target));
  }
}

interface CompanionGroup {
  readonly dataset: Dataset;
  readonly group: readonly CompanionRows[];
  readonly index: number;
}

async function stageGroup(
  client: pg.PoolClient,
  { dataset, group, index }: CompanionGroup,
): Promise<StagedCompanion> {
  const table = toDataTable(dataset);
  const tableColumns = await readTableColumns(client, table);
  const parts: StagedPart[] = [];
  for (const [number, companion] of group.entries()) {
    const relation = toRelation('pg_temp', `companion_${index}_${number}`);
    const columns: readonly StagedColumn[] = toStagedColumns(companion.columns);
    await createStagingTable(client, relation, { columns, tableColumns, kind: 'TEMPORARY' });
    const positions = columns.map((column) => column.position);
    const chunks = toCopyChunks(companion.rows, positions, companion.columns.length);
    const rows = await copyRows(client, relation, { columns, chunks });
    parts.push({
      partNo: number,
      relation,
      columns: columns.map((column) => column.name),
      rows,
      inLeaf: false,
      sameAs: null,
    });
  }
  assertColumns(tableColumns, parts, `Publishing into ${dataset.name}`);
  return { dataset, table, columns: tableColumns, parts };
}
