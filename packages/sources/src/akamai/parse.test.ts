import { type Dataset, silentLogger, type UnitRef } from '@edgeledger/core';
import { describe, expect, test } from 'vitest';
import { configureDataset } from '../dataset-settings.ts';
import { API_USAGE_DETAILS, ENDPOINT_USAGE_BY_TIME } from './datasets.ts';
import { parseAkamaiPart } from './parse.ts';
import type { ReportType } from './report-type.ts';

const WINDOW = '2020-06-26T13:40:00Z/2020-06-26T14:00:00Z';

interface ParseRequest {
  readonly dataset?: Dataset;
  readonly part?: string;
  readonly reportType?: Partial<ReportType>;
  readonly now?: string;
  readonly mayUnfold?: () => boolean;
}

async function parse(content: string, request: ParseRequest = {}) {
  const dataset = request.dataset ?? ENDPOINT_USAGE_BY_TIME;
  const name = request.part ?? WINDOW;
  const unit: UnitRef = {
    account: 'a',
    dataset: dataset.name,
    reportKey: `${dataset.report}_default_20200626`,
    period: { start: new Date('2020-06-26T13:40:00Z'), end: new Date('2020-06-26T14:00:00Z') },
  };
  async function* bytes() {
    for (const character of content) yield Buffer.from(character);
  }
  const part = { name, bytes: bytes(), destroy: () => undefined };
  const context = {
    now: new Date(request.now ?? '2020-06-27T00:00:00Z'),
    signal: new AbortController().signal,
    logger: silentLogger,
  };
  const reportType = { limit: undefined, groupsOutliers: false, retentionDays: 90, ...request.reportType };
  const parsed = await parseAkamaiPart(unit, part, context, {
    ...configureDataset(dataset, undefined),
    reportType,
    ...(request.mayUnfold && { mayUnfold: request.mayUnfold }),
  });
  const rows = [];
  const rejects = [];
  for await (const batch of parsed.batches) {
    rows.push(...batch.rows);
    rejects.push(...batch.rejects);
  }
  return { columns: parsed.columns.map((column) => column.name), rows, rejects, facts: parsed.facts() };
}

/** Hand-made after the samples of the report's page. */
function toUsageCsv(
  changes: { metadata?: string; summary?: string; data?: string; end?: string } = {},
): string {
  return [
    '#METADATA_START',
    'name,endpoint-usage-by-time',
    'interval,`FIVE_MINUTES`,',
    changes.metadata ?? 'availableDataEnds,\nsuggestedRetryTime,',
    'rowCount,4',
    'objectIds,55232,23433,32433',
    '#METADATA_END',
    '',
    '#SUMMARYSTATISTICS_START',
    changes.summary ?? 'edgeBytesTotal,8537\nedgeHitsMax,N/A',
    '#SUMMARYSTATISTICS_END',
    '',
    '#UNKNOWN_START',
    'whatever,1',
    '#UNKNOWN_END',
    '#COLUMNS_START',
    'startdatetime,edgeBytes,edgeHits,midgressBytes',
    '#COLUMNS_END',
    '',
    '#DATA_START',
    changes.data ??
      '2020-06-26T13:40:00Z,1954,4646,3155\n2020-06-26T13:45:00Z,1059,3093,349\n2020-06-26T13:50:00Z,4022,4873,4119\n2020-06-26T13:55:00Z,1502,350,1832',
    changes.end ?? '#DATA_END',
    '',
  ].join('\n');
}

describe('five-minute usage', () => {
  test.each([
    ['as documented', (text: string) => text],
    ['with CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['with a BOM', (text: string) => `\ufeff${text}`],
    ['without a last line end', (text: string) => text.trimEnd()],
    ['with quoted values', (text: string) => text.replaceAll(/(2020-\S+?Z),/g, '"$1",')],
    ['with empty fields at the end', (text: string) => text.replaceAll(/(,\d+)$/gm, '$1,')],
    ['with the section name of v2', (text: string) => text.replaceAll('#COLUMNS_', '#COLUMN_')],
    ['in another zone', (text: string) => text.replaceAll(/T13:(\d\d):00Z/g, 'T15:$1:00+02:00')],
  ])('is read %s', async (_, change) => {
    const { columns, rows, rejects, facts } = await parse(change(toUsageCsv()));
    expect(columns).toEqual(['object_id', 'edge_bytes', 'edge_hits', 'midgress_bytes']);
    expect(rejects).toEqual([]);
    expect(rows).toHaveLength(4);
    expect(rows[1]).toEqual({
      rowNo: 2,
      values: ['', '1059', '3093', '349'],
      period: { start: '2020-06-26T13:45:00.000Z', end: '2020-06-26T13:50:00.000Z' },
    });
    expect(facts).toMatchObject({ availability: { kind: 'complete' }, findings: [] });
    expect(facts.companions[0]?.rows.map(({ values }) => values)).toEqual([
      ['edgeBytesTotal', '8537', '{}'],
      ['edgeHitsMax', null, '{}'],
    ]);
  });

  test('is read from JSON too', async () => {
    const answer = {
      metadata: {
        columns: [
          { name: 'groupBy', label: 'startdatetime' },
          { name: 'edgeBytes', label: 'Edge Bytes' },
        ],
        availableDataEnds: null,
        rowCount: 1,
      },
      data: [{ startdatetime: '2020-06-26T13:40:00Z', edgeBytes: '7', edgeHits: 8 }],
      summaryStatistics: { edgeBytesTotal: { value: '7', details: { a: 1 } } },
    };
    const { columns, rows, facts } = await parse(JSON.stringify(answer));
    expect(columns).toEqual(['object_id', 'edge_bytes', 'edge_hits']);
    expect(rows.map(({ values }) => values)).toEqual([['', '7', '8']]);
    expect(facts.companions[0]?.rows[0]?.values).toEqual(['edgeBytesTotal', '7', '{"a":1}']);
  });

  test('N/A and Other are NULL, and a metric nobody knows becomes a column', async () => {
    const csv = toUsageCsv({ data: '2020-06-26T13:40:00Z,N/A,0,\nOther,5,6,7' });
    const { rows } = await parse(csv);
    expect(rows.map(({ values }) => values)).toEqual([
      ['', null, '0', null],
      ['', '5', '6', '7'],
    ]);
    expect(rows[1]?.period?.start).toBe('2020-06-26T13:40:00.000Z');
    const wider = await parse(toUsageCsv().replace('midgressBytes', 'originBytes'));
    expect(wider.columns).toEqual(['object_id', 'edge_bytes', 'edge_hits', 'origin_bytes']);
  });

  test('a record that is no row is rejected at its line', async () => {
    const csv = toUsageCsv({ data: '2020-06-26T13:40:00Z,x,1,1\nyesterday,1,1,1\n2020-06-26T13:45:00Z,1\n' });
    const { rows, rejects } = await parse(csv);
    expect(rows).toEqual([]);
    expect(rejects.map(({ code, columnName }) => [code, columnName])).toEqual([
      ['type-mismatch', 'edge_bytes'],
      ['type-mismatch', 'startdatetime'],
      ['too-few-fields', null],
    ]);
    expect(rejects.map(({ line }) => csv.split('\n')[line - 1])).toEqual(rejects.map(({ raw }) => raw));
  });

  test.each([
    ['2020-06-26T13:52:10.901648Z', 2, 'partial', '2020-06-26T13:50:00.000Z'],
    ['2020-06-26T15:50:00+02:00', 2, 'partial', '2020-06-26T13:50:00.000Z'],
    ['2020-06-26T13:44:59Z', 0, 'nothing', '2020-06-26T13:40:00.000Z'],
  ])('rows beyond the watermark of %s are left for later', async (ends, count, kind, until) => {
    const metadata = `availableDataEnds,${ends}\nsuggestedRetryTime,2020-06-26T14:15:24.316Z`;
    const { rows, facts } = await parse(toUsageCsv({ metadata }));
    expect(rows).toHaveLength(count);
    expect(facts.availability).toEqual({
      kind,
      availableUntil: new Date(until),
      retryAt: new Date('2020-06-26T14:15:24.316Z'),
    });
  });

  test('a total that is not the sum of the rows is a finding', async () => {
    const { rows, facts } = await parse(toUsageCsv({ summary: 'edgeBytesTotal,356\nedgeHitsTotal,12962' }));
    expect(rows).toHaveLength(4);
    expect(facts.findings).toMatchObject([
      { kind: 'sum-mismatch', details: { metric: 'edgeBytesTotal', vendorTotal: '356', sumOfRows: '8537' } },
    ]);
  });

  test('an answer without its end was cut, and a text of another kind is no answer', async () => {
    await expect(parse(toUsageCsv({ end: '' }))).rejects.toMatchObject({ code: 'source.truncated' });
    await expect(parse('#METADATA_START\nname,x\n')).rejects.toMatchObject({ code: 'source.truncated' });
    await expect(parse('<html>sorry</html>')).rejects.toMatchObject({ code: 'file.malformed' });
    await expect(parse('{"data": [')).rejects.toMatchObject({ code: 'source.truncated' });
    await expect(parse('{"title": "no"}')).rejects.toMatchObject({ code: 'source.response-malformed' });
  });
});

describe('usage details', () => {
  const toDetailsCsv = (data: string) =>
    `#METADATA_START\nrowCount,4\n#METADATA_END\n#SUMMARYSTATISTICS_START\n\n#SUMMARYSTATISTICS_END\n#COLUMNS_START\nclientId,method,responseCode,timestamp,uri\n#COLUMNS_END\n#DATA_START\n${data}\n#DATA_END\n`;
  const DATA =
    'client3,delete,503,2020-06-26T13:43:10Z,example.com/a\nOther,Other,Other,Other,Other\n#odd,get,0201,2020-06-26T13:59:59Z,"x, ""y""\nz"';

  test('rows carry the five minutes of their call; a folded row stands at the start of the window', async () => {
    const { rows, rejects } = await parse(toDetailsCsv(DATA), { dataset: API_USAGE_DETAILS });
    expect(rejects).toEqual([]);
    expect(rows.map(({ values, period }) => [period?.start.slice(11, 16), ...values])).toEqual([
      ['13:40', 'client3', 'DELETE', '503', '2020-06-26T13:43:10Z', 'example.com/a'],
      ['13:40', null, null, null, null, null],
      ['13:55', '#odd', 'GET', '0201', '2020-06-26T13:59:59Z', 'x, "y"\nz'],
    ]);
  });

  test('an answer at the limit is read again in halves, and at one second it is a finding', async () => {
    const request = { dataset: API_USAGE_DETAILS, reportType: { limit: 3 } };
    const { facts } = await parse(toDetailsCsv(DATA), request);
    expect(facts.splitInto).toEqual([
      { name: '2020-06-26T13:40:00Z/2020-06-26T13:50:00Z~' },
      { name: '2020-06-26T13:50:00Z/2020-06-26T14:00:00Z' },
    ]);
    const part = '2020-06-26T13:43:10Z/2020-06-26T13:43:11Z~';
    const last = await parse(toDetailsCsv(DATA.split('\n')[0] ?? ''), { ...request, part });
    expect(last.facts).toMatchObject({
      availability: { kind: 'complete' },
      findings: [{ kind: 'truncated' }],
    });
    expect(last.facts.splitInto).toBeUndefined();
    expect(last.rows).toHaveLength(1);
  });

  test('folded rows are read in halves while that is allowed, then kept as they are', async () => {
    const details = { dataset: API_USAGE_DETAILS, reportType: { limit: 5_000 } };
    expect((await parse(toDetailsCsv(DATA), details)).facts.splitInto).toHaveLength(2);
    const kept = await parse(toDetailsCsv(DATA), { ...details, mayUnfold: () => false });
    expect(kept.facts.splitInto).toBeUndefined();
    expect(kept.facts.findings).toEqual([]);
  });
});
