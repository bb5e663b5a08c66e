import { type Dataset, type ParseContext, type Reject, type Row, silentLogger } from '@edgeledger/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configureDataset } from '../dataset-settings.ts';
import { findDataset } from '../registry.ts';
import type { DatasetSetting } from '../source-config.ts';
import { parseCsvPart } from './csv-part.ts';

function getDataset(name: string): Dataset {
  const dataset = findDataset(name);
  if (dataset === undefined) throw new Error(name);
  return dataset;
}

interface ParseRequest {
  readonly dataset?: string;
  readonly header?: readonly string[];
  readonly setting?: DatasetSetting;
  readonly chunkBytes?: number;
}

async function* cut(content: Buffer, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += chunkBytes) yield content.subarray(at, at + chunkBytes);
}

async function parse(content: string | Buffer, request: ParseRequest = {}) {
  const configured = configureDataset(getDataset(request.dataset ?? 'imgix.mild_errors'), request.setting);
  const bytes = Buffer.from(content);
  const context: ParseContext = {
    now: new Date(0),
    signal: new AbortController().signal,
    logger: silentLogger,
    ...(request.header === undefined ? {} : { header: request.header }),
  };
  const part = { name: '/p.csv', bytes: cut(bytes, request.chunkBytes ?? 65_536), destroy: () => undefined };
  const parsed = await parseCsvPart(part, context, {
    ...configured,
    maxInflatedBytes: 1e9,
    what: 'test report',
  });
  const rows: Row[] = [];
  const rejects: Reject[] = [];
  for await (const batch of parsed.batches) {
    rows.push(...batch.rows);
    rejects.push(...batch.rejects);
  }
  return { columns: parsed.columns.map(({ name }) => name), parsed, rows, rejects, facts: parsed.facts() };
}

describe('headers', () => {
  test('columns are found by name whatever their order, case and spelling', async () => {
    const { columns, rows } = await parse('Errors,Status Code,Origin-Image.URL,SOURCE\r\n7,404,/a,s1\r\n');
    expect(columns).toEqual(['errors', 'status_code', 'origin_image_url', 'source_id']);
    expect(rows).toEqual([{ rowNo: 1, values: ['7', '404', '/a', 's1'] }]);
  });

  test('a column takes its own name before an alias, and the other header is kept as a new column', async () => {
    const { columns, parsed } = await parse('path,url,origin_image_url,errors\n/a,/b,/c,1\n');
    expect(columns).toEqual(['path', 'url', 'origin_image_url', 'errors']);
    expect(parsed.columns.map(({ unknown }) => unknown)).toEqual([true, true, false, false]);
  });

  test('the alias that stands first in the list of preference wins', async () => {
    const { columns } = await parse('image,url,errors\n/a,/b,1\n');
    expect(columns).toEqual(['image', 'origin_image_url', 'errors']);
  });

  test('new columns get valid and free names, credits as numbers', async () => {
    const header = 'url,New Thing,new-thing,account,2xx,,ai_credits,part,日本';
    const { columns, parsed } = await parse(`${header}\n/a,1,2,3,4,5,6,7,8\n`);
    expect(columns).toEqual([
      'origin_image_url',
      'new_thing',
      'new_thing_2',
      'account_value',
      'c_2xx',
      'column_6',
      'ai_credits',
      'part_value',
      'column_9',
    ]);
    expect(parsed.columns.find(({ name }) => name === 'ai_credits')?.type).toBe('numeric');
    const long = await parse(`url,${'x'.repeat(100)},${'x'.repeat(99)}\n/a,1,2\n`);
    expect(long.columns.map((name) => Buffer.byteLength(name))).toEqual([16, 63, 63]);
    expect(new Set(long.columns).size).toBe(3);
  });

  test('a missing required column fails with the header that was found', async () => {
    const failed = parse('something,errors\nx,1\n');
    await expect(failed).rejects.toMatchObject({ code: 'file.column-missing' });
    await expect(failed).rejects.toThrow(/origin_image_url.*something, errors.*edgeledger\.yaml/s);
  });

  test('the configuration renames, types, requires and drops columns', async () => {
    const setting: DatasetSetting = {
      columns: {
        origin_image_url: { header: 'Picture Address' },
        edge_pop: { header: 'POP', type: 'integer' },
        junk: { drop: true },
        errors: { aliases: ['Failures'] },
      },
    };
    const { columns, rows } = await parse('Picture Address,POP,Junk,failures\n/a,9,x,3\n', { setting });
    expect(columns).toEqual(['origin_image_url', 'edge_pop', 'errors']);
    expect(rows[0]?.values).toEqual(['/a', '9', '3']);
    const strict = parse('url,errors\n/a,1\n', { setting: { columns: { edge_pop: { required: true } } } });
    await expect(strict).rejects.toMatchObject({ code: 'file.column-missing' });
  });

  test('a header that a person chose for a column comes before the column of its own name', async () => {
    const { columns, rows } = await parse('user_agent,count,requests\ncurl,1,2\n', {
      dataset: 'imgix.cdn_logs',
      setting: { columns: { requests: { header: 'count' }, agent: { header: 'User-Agent' } } },
    });
    expect(columns).toEqual(['agent', 'requests', 'requests_2']);
    expect(rows[0]?.values).toEqual(['curl', '1', '2']);
  });

  test('a part without header takes that of an earlier part', async () => {
    const header = ['url', 'errors'];
    const { rows } = await parse('/a,1\n/b,2\n', { header });
    expect(rows.map(({ rowNo, values }) => [rowNo, ...values])).toEqual([
      [1, '/a', '1'],
      [2, '/b', '2'],
    ]);
    expect((await parse('url,errors\n/a,1\n', { header })).rows).toHaveLength(1);
    const reordered = await parse('2xx,Errors,"Time (ms/req)",URL\n1,2,3,/a\n', { header });
    expect(reordered.rows.map(({ values }) => values)).toEqual([['1', '2', '3', '/a']]);
    expect((await parse('', { header })).rows).toEqual([]);
    await expect(parse('/a,1\n')).rejects.toMatchObject({ code: 'file.header-unknown' });
    await expect(parse('')).rejects.toMatchObject({ code: 'file.header-unknown' });
  });

  test('a header alone is a report without rows', async () => {
    expect((await parse('url,errors')).rows).toEqual([]);
  });
});

describe('values', () => {
  test('blank is NULL, quoted or not; other white space, \\N and NULL stay text', async () => {
    const { rows } = await parse('url,source_name,errors\n" ",\\N,\n"",NULL,""\n');
    expect(rows.map(({ values }) => values)).toEqual([
      [' ', '\\N', null],
      [null, 'NULL', null],
    ]);
  });

  test('a blank column of the identity is an empty text, since a key cannot be NULL', async () => {
    const { rows } = await parse('timestamp,source_id,source_name,total_credits\n2026-11-19,,,1.5\n', {
      dataset: 'imgix.credit_analytics_daily',
    });
    expect(rows[0]?.values).toEqual(['2026-11-19', '', null, '1.5']);
  });

  test('quotes, commas and line breaks in every text field survive', async () => {
    const { rows } = await parse('url,source_name\n"a ""b"", c","x\r\ny"\n"\n","""",\n');
    expect(rows.map(({ values }) => values)).toEqual([['a "b", c', 'x\r\ny']]);
  });
});

test('each kind of malformed record is rejected with its line, and every other record is kept', async () => {
  const content = Buffer.concat([
    Buffer.from('url,errors\r\n/1,1\r\n\r\n"/2\n2",two\r\n/3\r\n/4,4,4\r\n'),
    Buffer.from('/5,'),
    Buffer.from([0xff, 0x0a]),
    Buffer.from('/6\u0000,6\n"/7,7\n/8,8\n"/9"x,9\n/10,10'),
  ]);
  const { rows, rejects } = await parse(content);
  expect(rows.map(({ rowNo, values }) => [rowNo, ...values])).toEqual([
    [1, '/1', '1'],
    [8, '/8', '8'],
    [10, '/10', '10'],
  ]);
  expect(rejects.map(({ line, code, columnName, raw }) => ({ line, code, columnName, raw }))).toEqual([
    { line: 4, code: 'type-mismatch', columnName: 'errors', raw: '"/2\n2",two' },
    { line: 6, code: 'too-few-fields', columnName: null, raw: '/3' },
    { line: 7, code: 'too-many-fields', columnName: null, raw: '/4,4,4' },
    { line: 8, code: 'invalid-utf8', columnName: null, raw: '/5,\ufffd' },
    { line: 9, code: 'nul-byte', columnName: null, raw: '/6\u2400,6' },
    { line: 10, code: 'malformed-quote', columnName: null, raw: '"/7,7' },
    { line: 12, code: 'malformed-quote', columnName: null, raw: '"/9"x,9' },
  ]);
});

test('the raw text of a reject is bounded', async () => {
  const { rejects } = await parse(Buffer.from(`url,errors\n${'é'.repeat(100_000)},x\n`));
  expect(Buffer.byteLength(rejects[0]?.raw ?? '')).toBeLessThanOrEqual(64 * 1024);
  expect(rejects[0]?.message.length).toBeLessThan(200);
});

const field = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', ' ', '"', ',', 'a,b', 'line\nbreak', 'cr\r\nlf', '\\N', 'it"s'),
);
const toCsvField = (text: string) => `"${text.replaceAll('"', '""')}"`;
const withoutNul = (text: string) => text.replaceAll('\u0000', '');

test('any text written by the rules of CSV is read back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(field.map(withoutNul), field.map(withoutNul)), { maxLength: 30 }),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 50 }),
      async (records, lineEnd, chunkBytes) => {
        const lines = records.map((fields) => fields.map(toCsvField).join(','));
        const { rows, rejects } = await parse(['url,source_name', ...lines].join(lineEnd), { chunkBytes });
        expect(rejects).toEqual([]);
        const expected = records.map((fields) => fields.map((text) => (text === '' ? null : text)));
        expect(rows.map(({ values }) => values)).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});

test('whatever is done to the bytes, every record becomes a row or a reject, once', async () => {
  const damage = fc.array(fc.tuple(fc.nat(400), fc.constantFrom(0, 0x22, 0x2c, 0x0a, 0x0d, 0xff, 0x41)), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(damage, fc.integer({ min: 1, max: 64 }), async (changes, chunkBytes) => {
      const body = Buffer.from(
        Array.from({ length: 20 }, (_, index) => `"/image,${index}",${index}\n`).join(''),
      );
      for (const [at, byte] of changes) if (at < body.length) body[at] = byte;
      const { rows, rejects } = await parse(Buffer.concat([Buffer.from('url,errors\n'), body]), {
        chunkBytes,
      });
      const whole = await parse(Buffer.concat([Buffer.from('url,errors\n'), body]));
      expect({ rows, rejects }).toEqual({ rows: whole.rows, rejects: whole.rejects });
      const numbers = rows.map(({ rowNo }) => rowNo);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(Math.max(0, ...numbers)).toBeLessThanOrEqual(rows.length + rejects.length);
      expect(new Set(rejects.map(({ line }) => line)).size).toBe(rejects.length);
      // a changed byte damages the record it is in and at most joins it with its neighbours
      expect(rows.length).toBeGreaterThanOrEqual(20 - 2 * changes.length - 1);
    }),
    { numRuns: 500 },
  );
});
