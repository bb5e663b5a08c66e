import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseUtcDay, silentLogger } from '@edgeledger/core';
import { expect, onTestFinished, test } from 'vitest';
import { createFileSource } from './file-source.ts';
import { findDataset } from './registry.ts';

function saveFiles(contents: Readonly<Record<string, string | Buffer>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'edgeledger-import-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return Object.entries(contents).map(([name, content]) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  });
}

async function importFiles(datasetName: string, files: readonly string[], reportKey?: string) {
  const dataset = findDataset(datasetName);
  if (dataset === undefined) throw new Error(datasetName);
  const source = createFileSource({ dataset, account: 'default', files, reportKey });
  const context = { now: new Date(), signal: new AbortController().signal, logger: silentLogger };
  const day = parseUtcDay('2026-11-19', 'day');
  const [unit] = await source.discover({ from: day, to: day }, context);
  if (unit === undefined) throw new Error('no unit');
  const readiness = await source.check(unit, context);
  if (readiness.kind !== 'ready') throw new Error('not ready');
  const rows: (readonly (string | null)[])[] = [];
  let header: readonly string[] | undefined;
  for (const part of readiness.parts) {
    const parsed = await source.parse(unit, await source.open(unit, part, context), {
      ...context,
      ...(header === undefined ? {} : { header }),
    });
    header ??= parsed.header;
    for await (const batch of parsed.batches) rows.push(...batch.rows.map(({ values }) => values));
  }
  return { unit, parts: readiness.parts.map(({ name }) => name), rows };
}

test('files of one report, zipped or not, come in like fetched ones', async () => {
  const files = saveFiles({
    'cdn_logs_20261119.csv.gz': gzipSync('url,bytes,method\n/a,1,GET\n'),
    'second.csv': '/b,2,PUT\n',
  });
  const { unit, parts, rows } = await importFiles('imgix.cdn_logs', files);
  expect(unit.reportKey).toBe('cdn_logs_20261119');
  expect(unit.period.start).toEqual(new Date('2026-11-19T00:00:00Z'));
  expect(parts).toEqual(['cdn_logs_20261119.csv.gz', 'second.csv']);
  expect(rows).toEqual([
    ['/a', '1', 'GET'],
    ['/b', '2', 'PUT'],
  ]);
});

test('a saved answer of Akamai comes in too', async () => {
  const files = saveFiles({
    'saved.csv':
      '#COLUMNS_START\nstartdatetime,edgeHits\n#COLUMNS_END\n#DATA_START\n2026-11-19T00:00:00Z,5\n#DATA_END\n',
  });
  const key = 'endpoint-usage-by-time_default_20261119';
  expect((await importFiles('akamai.endpoint_usage_by_time', files, key)).rows).toEqual([['', '5']]);
});

test('a missing file and a key without a day say what to do', async () => {
  await expect(importFiles('imgix.cdn_logs', ['/nowhere/cdn_logs_20261119.csv'])).rejects.toMatchObject({
    code: 'file.unreadable',
    message: expect.stringContaining('no such file'),
  });
  const files = saveFiles({ 'download.csv': 'url\n' });
  await expect(importFiles('imgix.cdn_logs', files)).rejects.toMatchObject({
    code: 'config.invalid-day',
    message: expect.stringContaining('--report-key'),
  });
});
