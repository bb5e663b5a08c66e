import type { Load, PartReceipt } from '@edgeledger/core';
import { abandonLoad, failLoad } from './end-load.ts';
import type { LoadContext, LoadIdentity } from './load-identity.ts';
import { fromPostgresError } from './pg-errors.ts';
import { publishLoad } from './publish/publish.ts';
import { stagePart, unstagePart } from './stage-part.ts';

export function createLoad(context: LoadContext, identity: LoadIdentity): Load {
  const { connection, logger } = context;
  return {
    loadId: identity.loadId,
    unit: identity.unit,
    dataset: identity.dataset,
    stagePart: (partNo, partName, part, onProgress) =>
      stagePart(connection, { load: identity, partNo, partName, part, onProgress, logger }),
    unstagePart: (partNo) => unstagePart(connection, identity, partNo),
    stagedParts: () => readReceipts(context, identity),
    publish: (request) => publishLoad(context, identity, request),
    fail: (error, now) => failLoad(connection, identity, { error, now }),
    abandon: () => abandonLoad(connection, identity),
  };
}

async function readReceipts(context: LoadContext, load: LoadIdentity): Promise<readonly PartReceipt[]> {
  try {
    const rows = await context.database
      .selectFrom('staging.parts')
      .selectAll()
      .where('load_id', '=', load.loadId)
      .orderBy('part_no')
      .execute();
    return rows.map((row) => ({
      partNo: row.part_no,
      name: row.name,
      header: row.header,
      rows: Number(row.rows),
      rejects: Number(row.rejects),
      bytes: Number(row.bytes),
      sha256: row.sha256,
      fingerprint: row.fingerprint,
    }));
  } catch (error) {
    throw fromPostgresError(error, `Reading what is staged for ${load.label}`, context.connection.label);
  }
}
