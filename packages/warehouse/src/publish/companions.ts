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

/**
 * Rows for further tables (summary statistics), by the strategy of their own dataset, in the unit's transaction.
 * They are few, so they are staged only now, in temporary tables.
 */
export async function publishCompanions(
  client: pg.PoolClient,
  load: LoadIdentity,
  companions: readonly CompanionRows[],
): Promise<void> {
  const byDataset = Map.groupBy(companions, (companion) => companion.dataset.name);
  for (const [index, group] of [...byDataset.values()].entries()) {
    const dataset = group[0]?.dataset;
    if (dataset !== undefined) await publishGroup(client, load, { dataset, group, index });
  }
}

interface CompanionGroup {
  readonly dataset: Dataset;
  readonly group: readonly CompanionRows[];
  readonly index: number;
}

async function publishGroup(
  client: pg.PoolClient,
  load: LoadIdentity,
  { dataset, group, index }: CompanionGroup,
): Promise<void> {
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
  assertColumns(tableColumns, parts, `Publishing ${load.label}`);
  const target: PublishTarget = {
    dataset,
    table,
    columns: tableColumns,
    unit: load.unit,
    loadId: load.loadId,
    parts,
  };
  await (dataset.strategy === 'upsert' ? publishUpsert(client, target) : publishReplace(client, target));
}
