import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseUtcDay, Secret, type Source, silentLogger, type UnitRef } from '@edgeledger/core';
import { onTestFinished } from 'vitest';
import { createImgixSource, type ImgixSourceConfig } from '../src/index.ts';
import { contextAt, getUnit } from './read-unit.ts';

/** An imgix of one report, for the odd cases; hand-made from the reports page, no captured data. */
export interface LocalImgix {
  readonly source: Source;
  readonly now: Date;
  readonly origin: string;
  /** API and file requests, oldest first: `GET /path`. */
  readonly log: string[];
  readonly fileRequests: IncomingMessage[];
  findUnit(): Promise<UnitRef>;
}

type Answer = (response: ServerResponse, request: IncomingMessage, countBefore: number) => void;

export interface LocalImgixOptions {
  /** By path; a string or Buffer is a plain 200. */
  readonly files: Readonly<Record<string, Buffer | string | Answer>>;
  readonly reportType?: string;
  readonly config?: Partial<ImgixSourceConfig>;
  /** Links in the listing, when they are not those of the files. */
  readonly links?: (origin: string) => readonly string[];
  /** Takes over the API: returns false to leave the request to the default. */
  readonly api?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export const NOW = new Date('2026-11-20T06:00:00Z');
const DAY = '20261119';

export async function openLocalImgix(options: LocalImgixOptions): Promise<LocalImgix> {
  const reportType = options.reportType ?? 'cdn_logs';
  const log: string[] = [];
  const fileRequests: IncomingMessage[] = [];
  let origin = '';
  let signature = 0;

  const toReport = () => ({
    id: '5f7676862528f12b1bfbf65b',
    type: 'reports',
    attributes: {
      completed: true,
      files:
        options.links?.(origin) ??
        Object.keys(options.files).map((path) => `${origin}${path}?X-Goog-Signature=${++signature}`),
      period_start: Date.parse('2026-11-19T00:00:00Z') / 1000,
      period_end: Date.parse('2026-11-19T00:00:00Z') / 1000,
      report_key: `${reportType}_${DAY}`,
      report_type: reportType,
    },
  });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://local');
    const before = log.filter((entry) => entry === `GET ${pathname}`).length;
    log.push(`GET ${pathname}`);
    if (pathname.startsWith('/api/')) {
      if (options.api?.(request, response) === true) return;
      const single = pathname.split('/').length > 4;
      response.end(JSON.stringify({ data: single ? toReport() : [toReport()], jsonapi: { version: '1.0' } }));
      return;
    }
    fileRequests.push(request);
    const file = options.files[pathname];
    if (typeof file === 'function') file(response, request, before);
    else if (file === undefined) response.writeHead(404).end();
    else response.end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  origin = `http://127.0.0.1:${address.port}`;
  const source = createImgixSource(
    {
      vendor: 'imgix',
      account: 'default',
      apiKey: new Secret('key'),
      apiUrl: new URL(origin),
      fileHosts: ['127.0.0.1'],
      reportTypes: [reportType],
      reportTypesExplicit: false,
      ...options.config,
    },
    {
      clock: { now: () => NOW },
      logger: silentLogger,
      http: {
        rateLimit: { perSecond: 1000 },
        timers: { nowMs: () => performance.now(), sleep: async () => undefined },
      },
    },
  );
  onTestFinished(async () => {
    await source.close();
    server.closeAllConnections();
    server.close();
  });
  return {
    source,
    now: NOW,
    origin,
    log,
    fileRequests,
    async findUnit() {
      const day = parseUtcDay('2026-11-19', 'day');
      const units = await source.discover({ from: day, to: day }, contextAt(NOW));
      return getUnit(units, `${reportType}_${DAY}`);
    },
  };
}

export function md5Of(content: string | Buffer): string {
  return createHash('md5').update(content).digest('base64');
}
