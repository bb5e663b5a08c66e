import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A report whose files are given as they are: text, bytes, or an answer of its own. */
export interface ServedReport {
  readonly reportKey: string;
  /** UTC day `YYYY-MM-DD`. */
  readonly day: string;
  readonly files: readonly (string | Buffer | FileAnswer)[];
  /** Other links than those of the files. */
  readonly links?: readonly string[];
  readonly reportType?: string;
}

export type FileAnswer = (response: ServerResponse, request: IncomingMessage) => void;

export interface ImgixServer {
  readonly origin: string;
  readonly environment: Record<string, string>;
  /** `GET /path`, without query. */
  readonly requests: string[];
  reports: readonly ServedReport[];
  /** Answers an API request instead of the listing; false leaves it to the default. */
  api?: (request: IncomingMessage, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

/** What stands in the query of every link, as a vendor's signature does: it must show up nowhere. */
export const SIGNATURE = 'X-Goog-Signature=5ad0f1e2d3c4b5a697886950413223';
export const API_KEY = 'planted0imgix1api2key3';

/** An imgix with hand-made reports, for what the emulator's data never has. */
export async function createImgixServer(reports: readonly ServedReport[]): Promise<ImgixServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://local');
    requests.push(`${request.method} ${pathname}`);
    if (pathname.startsWith('/api/')) {
      if (served.api?.(request, response) === true) return;
      const id = pathname.split('/')[4];
      const data = served.reports.map((report, index) => toResource(report, index, served.origin));
      response.end(JSON.stringify({ data: id === undefined ? data : data.find((one) => one.id === id) }));
      return;
    }
    const [, index, file] = /^\/files\/(\d+)\/part-(\d+)/.exec(pathname) ?? [];
    const answer = served.reports[Number(index)]?.files[Number(file)];
    if (answer === undefined) response.writeHead(404).end();
    else if (typeof answer === 'function') answer(response, request);
    else response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const origin = `http://127.0.0.1:${address.port}`;
  const served: ImgixServer = {
    origin,
    environment: {
      IMGIX_API_KEY: API_KEY,
      IMGIX_API_URL: origin,
      IMGIX_FILE_HOSTS: `127.0.0.1:${address.port}`,
    },
    requests,
    reports,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return served;
}

function toResource(report: ServedReport, index: number, origin: string) {
  const day = Date.parse(`${report.day}T00:00:00Z`) / 1000;
  return {
    id: `5f7676862528f12b1bf${String(index).padStart(5, '0')}`,
    type: 'reports',
    attributes: {
      completed: true,
      files:
        report.links ??
        report.files.map((_, file) => `${origin}/files/${index}/part-${file}.csv?${SIGNATURE}`),
      period_start: day,
      period_end: day,
      report_key: report.reportKey,
      report_type: report.reportType ?? 'cdn_logs',
    },
  };
}
