import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseUtcDay, type Source, silentLogger, type UnitRef } from '@edgeledger/core';
import { createFileSource, findDataset } from '@edgeledger/sources';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { createWarehouse, type Warehouse } from '@edgeledger/warehouse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/* The same files through binary COPY and through rows, compared as Postgres sees them. */

let database: TestDatabase;
let warehouse: Warehouse;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  warehouse = await createWarehouse({ connectionString: database.connectionString });
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-copy-path-'));
});
afterAll(async () => {
  await warehouse.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

const HEADER = 'Count,USER AGENT,path,timestamp,status,extra_credits,bytes,n,d,day,ok,j,cache_hits';
const HOSTILE = [
  '1,"quo""ted, with\nline",/a,2026-11-20T01:02:03.123456Z,200,1.50,99,+1.2e3,83.25,2026-11-20,true,"{""a"": [1, 2]}",7',
  '2,plain,/b,2026-11-20 01:02:03.1234565,404,-0.000,9223372036854775807,.5,1e-300,1999-12-31 23:59 +02,No,null,-0',
  '3, spaces ,/c,1601769600,500,00012.3400,-9223372036854775808,1E-7,-0,1601769600123,1,"""\\ud83e\\udd8a""", 8 ',
  '4,\\N,NULL,0001-01-01T00:00:00+15:59,,,,99999999999999999999.000100,0.1,0001-01-01,f,[],',
  ',,,,,,,,,,,,',
  '"",,"",9999-12-31 23:59:59.9999999 UTC,"200","7","5","10000","1.7976931348623157e308",,Y,"""x""",""',
  'bad,,,,,,,,,,,,',
  '7,,,,,,,,,,,"""\\ud800""",',
  '8,too,few',
  '9,"never closed,,,,,,,,,,,',
  '10,nul \0 byte,,,,,,,,,,,',
  '11,"a"x,,,,,,,,,,,',
  '12,,,2026-02-30,,,,,,,,,',
  '13,žluťoučký 🦊,/é,2026-11-20,200,12345678901234567890.12345,1,2,3,2026-11-20T00:00:00Z,t,1,1',
  '14,cr\r,x,1601769600123,1,1,1,1,123456789012345678,2020-02-29,F,true,1\r',
];
const TYPES = {
  n: { type: 'numeric' },
  d: { type: 'double precision' },
  day: { type: 'date' },
  ok: { type: 'boolean' },
  j: { type: 'jsonb' },
} as const;

async function load(
  content: Buffer,
  account: string,
  isExact: boolean,
): Promise<{ unit: UnitRef; fingerprint: string }> {
  const path = join(folder, `${account}.csv.gz`);
  await writeFile(path, gzipSync(content));
  const dataset = findDataset('imgix.cdn_logs');
  if (dataset === undefined) throw new Error('no cdn_logs');
  const source: Source = createFileSource({
    dataset,
    reportKey: 'cdn_logs_20261120',
    account,
    files: [path],
    columns: TYPES,
  });
  const day = parseUtcDay('2026-11-20', 'day');
  const context = { now: new Date(), signal: new AbortController().signal, logger: silentLogger };
  const [unit] = await source.discover({ from: day, to: day }, context);
  if (unit === undefined) throw new Error('no unit');
  const begun = await warehouse.loader.begin(unit, dataset);
  const parsed = await source.parse(
    unit,
    await source.open(unit, { name: `${account}.csv.gz` }, context),
    context,
  );
  const { copy, ...exact } = parsed;
  expect(copy).toBeDefined();
  const receipt = await begun.stagePart(1, 'a', isExact ? exact : parsed);
  await begun.publish({
    now: context.now,
    vendorReportId: null,
    revision: null,
    companions: [],
    findings: [],
    availableAt: null,
    isSettled: () => true,
    nextCheckAt: null,
  });
  return { unit, fingerprint: receipt.fingerprint };
}

const rowsOf = (account: string) =>
  database.query(
    `SELECT (to_jsonb(logs) - 'account' - 'load_id')::text AS row, n::text, d::text, "timestamp"::text, extra_credits::text
     FROM imgix.cdn_logs AS logs WHERE account = $1 ORDER BY part, row_no`,
    [account],
  );
const rejectsOf = (account: string) =>
  database.query(
    'SELECT part, line, column_name, code, message, raw FROM ledger.rejects WHERE account = $1 ORDER BY line',
    [account],
  );

describe('hostile CSV', () => {
  it('gives identical tables and rejects through binary COPY and through rows', async () => {
    const content = Buffer.concat([
      Buffer.from(`\ufeff${HEADER}\r\n${HOSTILE.join('\n')}\n\n`),
      Buffer.from('15,'),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from(',,,,,,,,,,,\n16,last without a line end,,,,,,,,,,,'),
    ]);
    await load(content, 'fast', false);
    await load(content, 'exact', true);
    const rows = await rowsOf('fast');
    expect(rows.length).toBeGreaterThan(7);
    expect(rows).toEqual(await rowsOf('exact'));
    const rejects = await rejectsOf('fast');
    expect(rejects.map(({ code }) => code)).toEqual([
      'type-mismatch',
      'type-mismatch',
      'too-few-fields',
      'malformed-quote',
      'nul-byte',
      'malformed-quote',
      'type-mismatch',
      'invalid-utf8',
    ]);
    expect(rejects).toEqual(await rejectsOf('exact'));
  });

  it('has one fingerprint for equal content, whatever the order and the spelling of the columns', async () => {
    const one = await load(Buffer.from('url,bytes,timestamp\n/a,1,2026-11-20\n'), 'one', false);
    const other = await load(
      Buffer.from('Bytes,Time,"URL"\r\n1,2026-11-20 00:00:00 UTC,"/a"\r\n'),
      'other',
      false,
    );
    const third = await load(Buffer.from('url,bytes,timestamp\n/a,2,2026-11-20\n'), 'third', false);
    expect(other.fingerprint).toBe(one.fingerprint);
    expect(third.fingerprint).not.toBe(one.fingerprint);
  });
});
