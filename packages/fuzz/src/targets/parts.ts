import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  dayPeriod,
  fieldReader,
  type ParsedPart,
  type Source,
  silentLogger,
  type UtcDay,
} from '@edgeledger/core';
import { createFileSource, findDataset } from '@edgeledger/sources';
import { mutate } from '../mutate.ts';
import { mutateJson } from '../mutate-json.ts';
import { assertSound, type Target } from '../target.ts';
import { countTuples } from './tuples.ts';

const DAY = '2026-11-20' as UtcDay;

/** Parses bytes as a part of a dataset's report, through the source's own `parse`. */
interface PartReader {
  parse(input: Buffer, chunkBytes: number): Promise<ParsedPart>;
}

function createPartReader(datasetName: string, partName: string): PartReader {
  const dataset = findDataset(datasetName);
  if (dataset === undefined) throw new Error(`no dataset ${datasetName}`);
  const path = join(mkdtempSync(join(tmpdir(), 'edgeledger-fuzz-')), 'part');
  writeFileSync(path, '');
  const reportKey = `${dataset.report}_20261120`;
  const source: Source = createFileSource({ dataset, reportKey, account: 'default', files: [path] });
  const unit = { account: 'default', dataset: datasetName, reportKey, period: dayPeriod(DAY) };
  return {
    parse: (input, chunkBytes) =>
      source.parse(
        unit,
        { name: partName, bytes: cut(input, chunkBytes), destroy: () => undefined },
        { now: new Date('2026-11-22T00:00:00Z'), signal: new AbortController().signal, logger: silentLogger },
      ),
  };
}

async function* cut(content: Buffer, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += chunkBytes) yield content.subarray(at, at + chunkBytes);
}

interface ReadRows {
  readonly rowNos: readonly number[];
  readonly rejects: readonly string[];
}

const MAX_RAW_BYTES = 64 * 1024;

async function readRows(parsed: ParsedPart): Promise<ReadRows> {
  const rowNos: number[] = [];
  const rejects: string[] = [];
  const width = parsed.columns.length;
  for await (const batch of parsed.batches) {
    for (const row of batch.rows) {
      assertSound(
        row.values.length === width,
        () => `a row of ${row.values.length} values for ${width} columns`,
      );
      assertSound(!row.values.some((value) => value?.includes('\0')), () => 'a value holds a NUL character');
      rowNos.push(row.rowNo);
    }
    rejects.push(...batch.rejects.map(toRejectText));
  }
  const facts = parsed.facts();
  assertSound(/^[0-9a-f]{64}$/.test(facts.sha256), () => 'no hash of the part');
  for (const companion of facts.companions) {
    for (const row of companion.rows) {
      assertSound(
        row.values.length === companion.columns.length,
        () => 'a companion row does not fit its columns',
      );
      for (const [index, { name, type }] of companion.columns.entries()) {
        const value = row.values[index] ?? null;
        const isSound = value === null || (fieldReader(type)(value) !== undefined && !value.includes('\0'));
        assertSound(isSound, () => `${name} of a companion is no ${type}: ${value?.slice(0, 100)}`);
      }
    }
  }
  return { rowNos, rejects };
}

function toRejectText(reject: {
  readonly line: number;
  readonly code: string;
  readonly message: string;
  readonly raw: string;
}): string {
  assertSound(Number.isSafeInteger(reject.line) && reject.line >= 1, () => `a reject at line ${reject.line}`);
  assertSound(
    Buffer.byteLength(reject.raw) <= MAX_RAW_BYTES,
    () => `raw text of ${Buffer.byteLength(reject.raw)} bytes`,
  );
  assertSound(!reject.raw.includes('\0'), () => 'the raw text holds a NUL character');
  assertSound(
    reject.message.length <= 1000,
    () => `a reject's message of ${reject.message.length} characters`,
  );
  return JSON.stringify([reject.line, reject.code, reject.message, reject.raw]);
}

/** The fast way must come to the same rows and rejects as the exact one. */
async function assertSameCopy(reader: PartReader, input: Buffer, exact: ReadRows): Promise<void> {
  const parsed = await reader.parse(input, 1000);
  if (parsed.copy === undefined) return;
  const rejects: string[] = [];
  const rowNos: number[] = [];
  const layout = { partNo: 1, positions: parsed.columns.map((_, index) => index) };
  for await (const batch of parsed.copy(layout)) {
    const found = countTuples(Buffer.from(batch.tuples), parsed.columns.length + 2);
    assertSound(found.length === batch.rows, () => `${found.length} tuples in a batch of ${batch.rows}`);
    rowNos.push(...found);
    rejects.push(...batch.rejects.map(toRejectText));
  }
  assertSound(
    JSON.stringify(rowNos) === JSON.stringify(exact.rowNos),
    () => `fast rows ${rowNos.length}, exact ${exact.rowNos.length}`,
  );
  assertSound(
    JSON.stringify(rejects) === JSON.stringify(exact.rejects),
    () =>
      `other rejects: fast ${rejects.join(' ').slice(0, 300)}, exact ${exact.rejects.join(' ').slice(0, 300)}`,
  );
}

async function runPart(reader: PartReader, input: Buffer): Promise<void> {
  const whole = await readRows(await reader.parse(input, 65_536));
  if (input.length < 20_000) {
    const pieces = await readRows(await reader.parse(input, 7));
    assertSound(
      JSON.stringify(pieces) === JSON.stringify(whole),
      () => 'other rows when the bytes come in small pieces',
    );
  }
  await assertSameCopy(reader, input, whole);
}

const LOG_CSV = Buffer.from(
  'timestamp,domain,method,url,bytes,referers,user_agent,"odd ""name"""\n' +
    '2026-11-20T00:00:01Z,a.example,GET,"/a,b",12,,"Mozilla ""x""",1\n' +
    '1763596802,b.example,POST,/two,34,https://c.example/,curl,\r\n' +
    '1763596803123,c.example,GET,"line\nbreak",56,,,ü\n',
);
const CREDITS_CSV = Buffer.from(
  '\ufeffSource ID,Source Name,total_credits,edge_credits,cache_credits\r\nabc123,One,1.50,0.5,1\r\ndef456,,2e3,.5,\r\n',
);
const USAGE_CSV = Buffer.from(
  '#METADATA_START\nname,endpoint-usage-by-time\ninterval,`FIVE_MINUTES`,\nstart,`2026-11-20T00:00:00Z`\navailableDataEnds,\nrowCount,2\n#METADATA_END\n\n' +
    '#SUMMARYSTATISTICS_START\nedgeBytesTotal,8537\nedgeHitsMax,N/A\n#SUMMARYSTATISTICS_END\n\n' +
    '#COLUMNS_START\nstartdatetime,edgeBytes,edgeHits,midgressBytes\n#COLUMNS_END\n\n' +
    '#DATA_START\n2026-11-20T13:40:00Z,1954,4646,3155\n2026-11-20T13:45:00Z,1059,3093.0,349,\nOther,1,2,3\n#DATA_END\n',
);
const USAGE_JSON = Buffer.from(
  JSON.stringify({
    metadata: {
      name: 'endpoint-usage-by-time',
      interval: 'FIVE_MINUTES',
      start: '2026-11-20T00:00:00Z',
      end: '2026-11-21T00:00:00Z',
      availableDataEnds: null,
      suggestedRetryTime: null,
      rowCount: 2,
      columns: [
        { name: 'groupBy', label: 'startdatetime' },
        { name: 'edgeBytes', label: 'x' },
      ],
    },
    data: [
      { startdatetime: '2026-11-20T13:40:00Z', edgeBytes: '1954', edgeHits: '4646', midgressBytes: '3155' },
      { startdatetime: '2026-11-20T13:45:00Z', edgeBytes: 'N/A', edgeHits: 1, midgressBytes: null },
    ],
    summaryStatistics: { edgeBytesTotal: { value: '8537', details: { a: 1 } }, edgeHitsMax: 'N/A' },
  }),
);
const DETAILS_CSV = Buffer.from(
  '#METADATA_START\nname,apiusagedetails-by-time\n#METADATA_END\n#COLUMNS_START\nclientId,clientIp,clientOwner,clientToken,method,responseCode,timestamp,uri\n#COLUMNS_END\n' +
    '#DATA_START\nc1,192.0.2.1,o,t,get,200,2026-11-20T13:40:01Z,/a\n"c,2",::1,,,POST,Other,2026-11-20T13:40:02.123Z,"/b?x=""1"""\n#DATA_END\n',
);
const WINDOW = '2026-11-20T00:00:00Z/2026-11-21T00:00:00Z';

export function createPartTargets(): Target[] {
  const logs = createPartReader('imgix.cdn_logs', '/cdn_logs_20261120.csv');
  const credits = createPartReader('imgix.credit_analytics_daily', '/credits.csv');
  const usage = createPartReader('akamai.endpoint_usage_by_time', WINDOW);
  const saved = createPartReader('akamai.endpoint_usage_by_time', 'saved.csv');
  const details = createPartReader('akamai.api_usage_details', WINDOW);
  const both = async (first: PartReader, second: PartReader, input: Buffer): Promise<void> => {
    let failure: unknown;
    await runPart(first, input).catch((thrown: unknown) => {
      failure = thrown;
    });
    await runPart(second, input);
    if (failure !== undefined) throw failure;
  };
  return [
    { name: 'csv', samples: [LOG_CSV, CREDITS_CSV], run: (input) => both(logs, credits, input) },
    {
      name: 'gzip',
      samples: [],
      make: (random) => {
        const text = mutate([LOG_CSV, CREDITS_CSV, USAGE_CSV], random);
        const once = gzipSync(random.chance(0.3) ? text : LOG_CSV);
        const packed = random.chance(0.3) ? gzipSync(once) : once;
        return mutate([random.chance(0.3) ? Buffer.concat([packed, once]) : packed], random);
      },
      run: (input) => runPart(logs, input),
    },
    {
      name: 'akamai-csv',
      samples: [USAGE_CSV, DETAILS_CSV],
      run: async (input) => {
        await both(usage, saved, input);
        await runPart(details, input);
      },
    },
    {
      name: 'akamai-json',
      samples: [USAGE_JSON],
      make: (random) => {
        const text = Buffer.from(mutateJson(USAGE_JSON.toString(), random));
        return random.chance(0.4) ? mutate([text], random) : text;
      },
      run: (input) => both(usage, details, input),
    },
  ];
}
