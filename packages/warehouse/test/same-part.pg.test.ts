import type { Load, ParsedPart, PartReceipt, UnitRef } from '@edgeledger/core';
import { until } from '@edgeledger/testkit';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createWarehouse } from '../src/index.ts';
import { openLoading } from './loading.ts';
import { LOGS, publishRequest, rejectOf } from './sample-reports.ts';
import { tuplesOf } from './tuples.ts';

const loading = await openLoading();
const { database, warehouse, unit, rowsOf, stagingTables } = loading;
beforeEach(loading.startTest);
afterAll(loading.close);

type Rows = Parameters<typeof tuplesOf>[0];

/** A part whose bytes have a hash that follows from its rows. */
function part(rows: Rows, sha256 = JSON.stringify(rows)): ParsedPart {
  const tuples = tuplesOf(rows);
  return { ...tuples, facts: () => ({ ...tuples.facts(), sha256, bytes: sha256.length }) };
}

/** As the pipeline does it: a part that is visible is compared, any other staged. */
async function bring(load: Load, partNo: number, parsed: ParsedPart): Promise<PartReceipt> {
  const visible = await load.findVisiblePart(partNo);
  const isSame = visible?.sha256 === parsed.facts().sha256;
  const same = isSame ? await load.stageSamePart(partNo, `part ${partNo}`, parsed) : undefined;
  return same ?? (await load.stagePart(partNo, `part ${partNo}`, parsed));
}

async function publish(target: UnitRef, parts: readonly ParsedPart[]) {
  const load = await warehouse.loader.begin(target, LOGS);
  for (const [index, parsed] of parts.entries()) await bring(load, index + 1, parsed);
  return await load.publish(publishRequest());
}

const walBytes = async (): Promise<number> => {
  const [row] = await database.query<{ at: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text AS at`,
  );
  return Number(row?.at);
};
const urls = async (target: UnitRef): Promise<unknown[]> =>
  (await rowsOf(target)).map((row) => `${row.part}/${row.row_no} ${row.url}`);

describe('a part that is visible already', () => {
  it('is not written again: an identical report changes no row and costs no WAL to speak of', async () => {
    const target = unit(LOGS);
    const many: Rows = Array.from({ length: 20_000 }, (_, index) => [`/image/${index}`, index]);
    const firstWal = await walBytes();
    await publish(target, [part(many), part([['/b', 1]])]);
    const rows = await rowsOf(target);
    const between = await walBytes();
    const load = await warehouse.loader.begin(target, LOGS);
    await bring(load, 1, part(many));
    await bring(load, 2, part([['/b', 1]]));
    expect(await stagingTables()).toBe(0);
    expect(await load.publish(publishRequest())).toMatchObject({
      outcome: 'unchanged',
      rowsUnchanged: 20_001,
    });
    const wal = (await walBytes()) - between;
    expect(await rowsOf(target)).toEqual(rows);
    expect(wal * 10).toBeLessThan(between - firstWal);
  });

  it('is copied within Postgres when another part of its report has changed', async () => {
    const target = unit(LOGS);
    await publish(target, [
      part([
        ['/a', 1],
        ['/b', 2],
      ]),
      part([['/c', 3]]),
      part([]),
    ]);
    const result = await publish(target, [
      part([
        ['/a', 1],
        ['/b', 2],
      ]),
      part([['/d', 4]]),
      part([]),
    ]);
    expect(result).toMatchObject({ outcome: 'published', rowsInserted: 3, rowsDeleted: 3 });
    expect(await urls(target)).toEqual(['1/1 /a', '1/2 /b', '2/1 /d']);
    const loads = new Set((await rowsOf(target)).map((row) => row.load_id));
    expect(loads.size).toBe(1);
    expect(await stagingTables()).toBe(0);
  });

  it('tells its header to the parts that have none, like one that is staged', async () => {
    const target = unit(LOGS);
    await publish(target, [part([['/a', 1]]), part([['/b', 1]])]);
    const load = await warehouse.loader.begin(target, LOGS);
    expect((await load.findHeader()).header).toBeUndefined();
    const same = part([['/a', 1]]);
    expect(await load.stageSamePart(1, 'a', same)).toBeDefined();
    expect((await load.findHeader()).header).toEqual(same.header);
    await load.abandon();
  });

  it('is staged all the same when its bytes have come to mean something else', async () => {
    const target = unit(LOGS);
    await publish(target, [part([['/a', 1]], 'these bytes')]);
    const load = await warehouse.loader.begin(target, LOGS);
    const now = part([['/a', 2]], 'these bytes');
    expect(await load.stageSamePart(1, 'a', { ...now })).toBeUndefined();
    expect(await load.stagedParts()).toEqual([]);
    await load.abandon();
    expect((await publish(target, [now])).outcome).toBe('published');
    expect((await rowsOf(target)).map((row) => row.bytes)).toEqual(['2']);
  });

  it('is staged all the same when rows of it were deleted by hand', async () => {
    const target = unit(LOGS);
    await publish(target, [
      part([
        ['/a', 1],
        ['/b', 2],
      ]),
    ]);
    await database.query('DELETE FROM imgix.cdn_logs WHERE report_key = $1 AND row_no = 1', [
      target.reportKey,
    ]);
    const load = await warehouse.loader.begin(target, LOGS);
    const parsed = part([
      ['/a', 1],
      ['/b', 2],
    ]);
    expect(await load.stageSamePart(1, 'a', parsed)).toBeUndefined();
    await load.abandon();
    await publish(target, [
      part([
        ['/a', 1],
        ['/b', 2],
      ]),
    ]);
    expect(await urls(target)).toEqual(['1/1 /a', '1/2 /b']);
  });

  it('refuses to be published when its rows went away meanwhile', async () => {
    const target = unit(LOGS);
    await publish(target, [part([['/a', 1]]), part([['/b', 1]])]);
    const load = await warehouse.loader.begin(target, LOGS);
    await bring(load, 1, part([['/a', 1]]));
    await bring(load, 2, part([['/c', 1]]));
    await database.query('DELETE FROM imgix.cdn_logs WHERE report_key = $1 AND part = 1', [target.reportKey]);
    await expect(load.publish(publishRequest())).rejects.toMatchObject({ code: 'load.staging-lost' });
    expect(await urls(target)).toEqual(['2/1 /b']);
  });

  it('keeps its rejects', async () => {
    const target = unit(LOGS);
    const withReject = (rows: Rows): ParsedPart => {
      const parsed = part(rows);
      return {
        ...parsed,
        copy: async function* (layout) {
          for await (const batch of parsed.copy?.(layout) ?? []) yield { ...batch, rejects: [rejectOf(7)] };
        },
      };
    };
    await publish(target, [withReject([['/a', 1]]), part([['/b', 1]])]);
    await publish(target, [withReject([['/a', 1]]), part([['/c', 1]])]);
    const rejects = (await warehouse.questions.unit(target))?.rejects ?? [];
    expect(rejects.map(({ part: no, line }) => `${no}:${line}`)).toEqual(['1:7']);
  });
});

describe('a part that takes long', () => {
  const silenceMs = 150;
  /** Goes on only when the load has shown that it is alive for longer than the server bears with a silent one. */
  const slowly = (parsed: ParsedPart, loadId: string): ParsedPart => ({
    ...parsed,
    copy: async function* (layout) {
      await until('the load is still alive', async () => {
        const [row] = await database.query<{ alive: boolean }>(
          `SELECT touched_at > started_at + make_interval(secs => $2) AS alive
           FROM staging.loads JOIN ledger.loads USING (load_id) WHERE load_id = $1`,
          [loadId, (8 * silenceMs) / 1000],
        );
        return row?.alive === true;
      });
      yield* parsed.copy?.(layout) ?? [];
    },
  });

  it('is not taken for dead, neither while it is compared nor while somebody is at its load', async () => {
    const target = unit(LOGS);
    await publish(target, [part([['/a', 1]]), part([['/b', 1]])]);
    const impatient = await createWarehouse({
      connectionString: database.connectionString,
      version: '0.0.0-test',
      silenceMs,
    });
    try {
      const comparing = await impatient.loader.begin(target, LOGS);
      const same = slowly(part([['/a', 1]]), comparing.loadId);
      expect(await comparing.stageSamePart(1, 'a', same)).toMatchObject({ rows: 1 });
      await comparing.abandon();
      const staging = await impatient.loader.begin(target, LOGS);
      const fresh = slowly(part([['/c', 1]]), staging.loadId);
      expect(await staging.keepAlive(() => staging.stagePart(1, 'c', fresh))).toMatchObject({ rows: 1 });
      await staging.abandon();
    } finally {
      await impatient.close();
    }
  });
});

describe('the header of a load', () => {
  it('is known as soon as a part with one begins to be staged, and not before', async () => {
    const load = await warehouse.loader.begin(unit(LOGS), LOGS);
    const before = await load.findHeader();
    expect(before.header).toBeUndefined();
    expect(before.ageMs).toBeLessThan(60_000);
    const parsed = part([['/a', 1]]);
    let seen: unknown;
    await load.stagePart(2, 'b', {
      ...parsed,
      header: ['Time', 'URL\0'],
      copy: async function* (layout) {
        seen = (await load.findHeader()).header;
        yield* parsed.copy?.(layout) ?? [];
      },
    });
    expect(seen).toEqual(['Time', 'URL']);
    await load.stagePart(3, 'c', { ...part([['/a', 1]]), header: ['Other'] });
    expect((await load.findHeader()).header).toEqual(['Time', 'URL']);
    await load.abandon();
  });

  it('is missing for good when every part has said that it has none', async () => {
    const load = await warehouse.loader.begin(unit(LOGS), LOGS);
    expect([
      await load.noteHeaderless(1),
      await load.noteHeaderless(1),
      await load.noteHeaderless(3),
    ]).toEqual([1, 1, 2]);
    await load.abandon();
  });

  it('says in our words what Postgres refuses, so that an outage is not taken for a mistake of ours', async () => {
    const load = await warehouse.loader.begin(unit(LOGS), LOGS);
    const known = { code: 'warehouse.not-migrated' };
    await database.query('ALTER TABLE ledger.units RENAME TO units_aside');
    try {
      await expect(load.findVisiblePart(1)).rejects.toMatchObject(known);
      await expect(load.stageSamePart(1, 'part 1', part([['/a', 1]]))).rejects.toMatchObject(known);
    } finally {
      await database.query('ALTER TABLE ledger.units_aside RENAME TO units');
    }
    await load.abandon();
  });
});
