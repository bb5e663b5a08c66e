import { createServer } from 'node:http';
import { Secret, type Source, silentLogger, type UtcDay } from '@edgeledger/core';
import { createImgixSource } from '@edgeledger/sources';
import { mutate } from '../mutate.ts';
import { mutateJson } from '../mutate-json.ts';
import { assertSound, type Target } from '../target.ts';

const NOW = new Date('2026-11-22T06:00:00Z');
const report = (day: string, change: object = {}): object => ({
  id: `5f7676862528f12b1bf${day.replaceAll('-', '')}`,
  type: 'reports',
  attributes: {
    completed: true,
    files: [`https://storage.googleapis.com/r/cdn_logs_${day}/part-0.csv.gz?X-Goog-Signature=planted5ecret`],
    period_start: Date.parse(day) / 1000,
    period_end: Date.parse(day) / 1000,
    report_key: `cdn_logs_${day.replaceAll('-', '')}`,
    report_type: 'cdn_logs',
    ...change,
  },
});
const PAGE = JSON.stringify({
  data: [report('2026-11-20'), report('2026-11-21', { completed: false, files: [] }), report('2026-11-19')],
  meta: {
    pagination: {
      currentPage: 0,
      hasNextPage: false,
      hasPreviousPage: false,
      nextPage: 0,
      pageSize: 100,
      totalPages: 1,
      totalRecords: 3,
    },
  },
  jsonapi: { version: '1.0' },
});

/** What the imgix API lists, through `discover`, `check` and `open`. */
export async function createListingTarget(): Promise<Target> {
  let answer: Buffer = Buffer.from(PAGE);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const open = (): Source =>
    createImgixSource(
      {
        vendor: 'imgix',
        account: 'default',
        apiKey: new Secret('planted0key'),
        apiUrl: new URL(`http://127.0.0.1:${port}`),
        // nothing listens there, and nothing else is allowed
        fileHosts: ['127.0.0.1:1'],
        reportTypes: ['cdn_logs'],
        reportTypesExplicit: false,
      },
      {
        clock: { now: () => NOW },
        logger: silentLogger,
        http: { maxAttempts: 1, timers: { nowMs: () => performance.now(), sleep: async () => undefined } },
      },
    );
  return {
    name: 'listing',
    samples: [Buffer.from(PAGE)],
    make: (random) => {
      const text = Buffer.from(mutateJson(PAGE, random));
      return random.chance(0.3) ? mutate([text], random) : text;
    },
    async run(input) {
      answer = input;
      const source = open();
      try {
        await readListing(source);
      } finally {
        await source.close();
      }
    },
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function readListing(source: Source): Promise<void> {
  const context = { now: NOW, signal: new AbortController().signal, logger: silentLogger };
  const range = { from: '2026-08-25' as UtcDay, to: '2026-11-21' as UtcDay };
  const units = await source.discover(range, context);
  for (const unit of units) {
    const { reportKey, period, expiresAt, dueAt, listed } = unit;
    assertSound(
      /^[\x20-\x7e]{1,200}$/.test(reportKey),
      () => `a report key of odd characters: ${JSON.stringify(reportKey.slice(0, 80))}`,
    );
    const instants = [period.start, period.end, expiresAt, dueAt].map((instant) => instant.toISOString());
    assertSound(
      instants.every((text) => /^\d{4}-/.test(text)),
      () => `an instant out of range: ${instants.join(' ')}`,
    );
    assertSound(period.start < period.end, () => 'a period that ends before it starts');
    const id = listed?.vendorReportId ?? '';
    assertSound(id.length <= 200 && !id.includes('\0'), () => `a vendor id of ${id.length} characters`);
  }
  const [first] = units.filter((unit) => unit.listed?.completed === true);
  if (first === undefined) return;
  const readiness = await source.check(first, context);
  if (readiness.kind !== 'ready') return;
  for (const part of readiness.parts) {
    assertSound(
      !part.name.includes('planted5ecret') && part.name.length <= 2048,
      () => `a part named ${part.name.slice(0, 100)}`,
    );
    assertSound(!part.name.includes('\0'), () => 'a part name with a NUL character');
  }
  const [part] = readiness.parts;
  if (part !== undefined) await source.open(first, part, context);
}
