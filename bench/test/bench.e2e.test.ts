import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('a small run works and gives a table for each dataset, whatever is fast here', async () => {
  const data = await mkdtemp(join(tmpdir(), 'edgeledger-bench-test-'));
  try {
    const script = join(import.meta.dirname, '..', 'src', 'main.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, '--quick', '--data', data]);
    for (const [dataset, rows] of [
      ['imgix.cdn_logs', 20_000],
      ['imgix.image_analytics', 10_000],
    ] as const) {
      const table = stdout.slice(stdout.indexOf(`${dataset}: ${rows} rows`));
      for (const way of [
        'first load',
        're-load, changed',
        're-load, identical',
        'csv-parse, COPY',
        'Kysely',
      ]) {
        expect(table).toMatch(new RegExp(`^\\| [^|]*${way}[^|]*\\| \\d+ \\|`, 'm'));
      }
    }
    expect(stdout).toMatch(/^\| edgeledger, first load, two workers \|/m);
  } finally {
    await rm(data, { recursive: true });
  }
});
