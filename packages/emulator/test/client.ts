/** Small clients for the tests, written apart from the product's. */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Emulator, EmulatorOptions } from '../src/index.ts';
import { createEmulator, createManualClock } from '../src/index.ts';

export const NOON = new Date('2026-11-20T12:00:00Z');

/** An emulator on a manual clock (noon of 2026-11-20), small and without rate limits. */
export function openEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  return createEmulator({
    clock: createManualClock(NOON),
    ...options,
    volume: { cdnLogRowsPerDay: 60, imagesPerSource: 12, ...options.volume },
    imgix: { requestsPerSecond: 0, ...options.imgix },
    akamai: { requestsPerMinute: 0, ...options.akamai },
  });
}

export interface ReportResource {
  id: string;
  type: string;
  attributes: {
    completed: boolean;
    files: string[];
    period_end: number;
    period_start: number;
    report_key: string;
    report_type: string;
  };
  relationships: Record<string, unknown>;
}

export interface Listing {
  data: ReportResource[];
  meta: { pagination: Record<string, number | boolean> };
}

export function fetchImgix(emulator: Emulator, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { Authorization: `Bearer ${emulator.credentials.imgix.apiKey}` };
  return fetch(emulator.imgixUrl + path, { headers, ...init });
}

export async function listReports(emulator: Emulator, query = ''): Promise<Listing> {
  const response = await fetchImgix(emulator, `/api/v1/reports${query}`);
  if (response.status !== 200) throw new Error(`The listing answered ${response.status}.`);
  return (await response.json()) as Listing;
}

/** The completed report of a key, with fresh links. */
export async function getReport(emulator: Emulator, reportKey: string): Promise<ReportResource> {
  const type = reportKey.replace(/_\d+$/, '');
  const { data } = await listReports(emulator, `?filter[report_type]=${type}&page[size]=100`);
  const report = data.find((candidate) => candidate.attributes.report_key === reportKey);
  if (report === undefined) throw new Error(`${reportKey} is not listed.`);
  return report;
}

/** The text of a file, inflated when it is gzipped. */
export async function downloadText(url: string): Promise<string> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`The file answered ${response.status}.`);
  const bytes = Buffer.from(await response.arrayBuffer());
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** RFC 4180 records, for files that are known to be well formed. */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  for (const match of text.matchAll(/("(?:[^"]|"")*"|[^",\n]*)([,\n])/g)) {
    const [, field = '', end] = match;
    record.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (end === '\n') {
      records.push(record);
      record = [];
    }
  }
  return records;
}

export interface AkamaiRequest {
  method?: 'GET' | 'POST' | 'PUT';
  body?: unknown;
  accept?: string;
  /** Overrides of what is signed. */
  at?: Date;
  nonce?: string;
  clientToken?: string;
  signedPath?: string;
}

/** Sends a signed request; `path` starts after `/reporting-api/v1`. */
export function fetchAkamai(
  emulator: Emulator,
  path: string,
  request: AkamaiRequest = {},
): Promise<Response> {
  const { clientToken, clientSecret, accessToken, host } = emulator.credentials.akamai;
  const url = new URL(`${emulator.akamaiUrl}/reporting-api/v1${path}`);
  const method = request.method ?? 'GET';
  const body = request.body === undefined ? '' : JSON.stringify(request.body);
  const at = (request.at ?? emulator.now()).toISOString();
  const timestamp = `${at.slice(0, 10).replaceAll('-', '')}T${at.slice(11, 19)}+0000`;
  const unsigned =
    `EG1-HMAC-SHA256 client_token=${request.clientToken ?? clientToken};access_token=${accessToken};` +
    `timestamp=${timestamp};nonce=${request.nonce ?? randomUUID()};`;
  const hash = method === 'POST' && body !== '' ? createHash('sha256').update(body).digest('base64') : '';
  const signedPath = request.signedPath ?? url.pathname + url.search;
  const text = [method, 'https', host, signedPath, '', hash, unsigned].join('\t');
  const key = createHmac('sha256', clientSecret).update(timestamp).digest('base64');
  const signature = createHmac('sha256', key).update(text).digest('base64');
  return fetch(url, {
    method,
    headers: {
      Authorization: `${unsigned}signature=${signature}`,
      Accept: request.accept ?? 'application/json',
      'Content-Type': 'application/json',
    },
    ...(body === '' ? {} : { body }),
  });
}

export const USAGE = '/reports/endpoint-usage-by-time/versions/1';
export const DETAILS = '/reports/apiusagedetails-by-time/versions/1';

export interface ReportData {
  metadata: {
    availableDataEnds: string | null;
    suggestedRetryTime: string | null;
    rowCount: number;
    objectIds: string[];
    start: string;
    columns: { name: string; label: string }[];
  };
  data: Record<string, string>[];
  summaryStatistics: Record<string, { value: string; details: object }>;
}

/** `report-data` by POST, which must succeed. */
export async function postReport(
  emulator: Emulator,
  report: string,
  query: Record<string, string>,
  body: unknown,
): Promise<ReportData> {
  const path = `${report}/report-data?${new URLSearchParams(query)}`;
  const response = await fetchAkamai(emulator, path, { method: 'POST', body });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as ReportData;
}
