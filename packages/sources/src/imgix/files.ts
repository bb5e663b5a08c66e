import { createHash } from 'node:crypto';
import {
  ConfigError,
  ContractError,
  type Logger,
  type OpenedPart,
  type PartRef,
  quoteText,
  redactUrl,
  rememberLink,
  TransientError,
  toShownHost,
  type UnitRef,
} from '@edgeledger/core';
import {
  type HttpClient,
  type HttpResponse,
  isLoopbackHost,
  type ResponseHeaders,
  readErrorBody,
  toStatusError,
  toVendorMessage,
} from '@edgeledger/http';
import type { ImgixReport } from './client.ts';
import { type ReportLinks, toLinkPath } from './report-links.ts';

export interface FileReader {
  open(request: OpenRequest): Promise<OpenedPart>;
}

export interface OpenRequest {
  readonly unit: UnitRef;
  readonly part: PartRef;
  readonly reportType: string;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

export interface FileReaderOptions {
  readonly http: HttpClient;
  readonly links: ReportLinks;
  /** `host` (any port) or `host:port`. */
  readonly fileHosts: readonly string[];
}

const MAX_REFRESHES = 2;
const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What an expired or revoked link answers is not documented; Google storage uses these. */
const LINK_DIED: ReadonlySet<number> = new Set([400, 401, 403]);

/**
 * Opens report files behind their signed links. The link is fetched right before the download and refreshed when it
 * has died; the API key never goes to the file host, and no host off the list is contacted, redirects included.
 */
export function createFileReader(options: FileReaderOptions): FileReader {
  const { links } = options;

  async function openFile(request: OpenRequest): Promise<OpenedPart> {
    let report = await links.findReport(request.unit, request.reportType, request.signal);
    let notFoundBefore = false;
    for (let refreshes = 0; ; refreshes += 1) {
      const link = getLink(report, request);
      const response = await fetchFile(options, link, request);
      if (response.status === 200) return toOpenedPart(response, request);
      const { status } = response;
      const vendorMessage = toVendorMessage(await readErrorBody(response));
      const isWorthIt = status === 404 ? !notFoundBefore : LINK_DIED.has(status);
      const canRefresh = isWorthIt && refreshes < MAX_REFRESHES;
      if (!canRefresh) throw toFileError({ status, vendorMessage, link }, request);
      notFoundBefore = status === 404;
      request.logger.debug({ part: request.part.name, status }, 'imgix file link died, fetching a new one');
      report = await links.refreshReport(request.unit, request.reportType, request.signal);
    }
  }

  return { open: openFile };
}

function getLink(report: ImgixReport | undefined, request: OpenRequest): URL {
  const what = `${request.unit.reportKey}, part ${request.part.name}`;
  if (report === undefined) {
    throw new ContractError('source.gone', `Could not download ${what}: imgix no longer lists the report.`);
  }
  const link = report.files.find((candidate) => toLinkPath(candidate) === request.part.name);
  if (link === undefined) {
    throw new TransientError(
      'source.reissued',
      `Could not download ${what}: imgix has issued the report again with other files. It is read anew.`,
    );
  }
  if (URL.canParse(link)) return new URL(link);
  throw new ContractError('source.response-malformed', `Could not download ${what}: its link is not a URL.`);
}

async function fetchFile(options: FileReaderOptions, link: URL, request: OpenRequest): Promise<HttpResponse> {
  let url = link;
  for (let redirects = 0; ; redirects += 1) {
    // from here on its host may repeat it, in words of its own
    rememberLink(url);
    assertAllowedHost(url, options.fileHosts, request.unit);
    const response = await options.http.request({
      method: 'GET',
      url,
      // asking for gzip keeps Google storage from decompressing on the way, which would void length and checksum
      headers: { accept: '*/*', 'accept-encoding': 'gzip' },
      signal: request.signal,
      expectStatuses: [200, 404, ...LINK_DIED, ...REDIRECTS],
      what: `download ${request.unit.reportKey}`,
      rateKey: url.host,
    });
    if (!REDIRECTS.has(response.status)) return response;
    response.destroy();
    const target = URL.parse(response.headers.location ?? '', url.href);
    if (target === null || redirects >= MAX_REDIRECTS) {
      throw new ContractError(
        'source.response-malformed',
        `Could not download ${request.unit.reportKey}: ${redactUrl(url)} redirects ${target === null ? 'to nowhere' : 'in circles'}.`,
      );
    }
    url = target;
  }
}

/** @throws ConfigError `source.host-not-allowed` */
export function assertAllowedHost(url: URL, fileHosts: readonly string[], unit: UnitRef): void {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const names = [url.hostname, `${url.hostname}:${port}`].map((name) => name.toLowerCase());
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(
      'source.host-not-allowed',
      `Could not download ${unit.reportKey}: the link to ${toShownHost(url)} has a user in it, as no link of imgix does.`,
    );
  }
  const isListed = fileHosts.some((host) => names.includes(host.trim().toLowerCase()));
  if (!isListed) {
    throw new ConfigError(
      'source.host-not-allowed',
      `Could not download ${unit.reportKey}: its file is on ${toShownHost(url)}, which is not allowed. If that host is right, add it to IMGIX_FILE_HOSTS (now: ${fileHosts.join(', ')}).`,
    );
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))) return;
  throw new ConfigError(
    'source.host-not-allowed',
    `Could not download ${unit.reportKey}: ${redactUrl(url)} is not https, and plain http is only for this machine (loopback).`,
  );
}

function toFileError(
  found: { readonly status: number; readonly vendorMessage: string; readonly link: URL },
  request: OpenRequest,
): Error {
  if (found.status === 404) {
    return new TransientError(
      'source.unavailable',
      `Could not download ${request.unit.reportKey}: imgix lists ${redactUrl(found.link)}, but the file host has no such file. It is tried again.`,
    );
  }
  const advice = `The link was refreshed ${MAX_REFRESHES} times and is still refused: check the clock of this machine and the rights of the imgix API key.`;
  return toStatusError({
    status: found.status,
    vendorMessage: found.vendorMessage,
    url: found.link,
    what: `download ${request.unit.reportKey}`,
    advice: { [found.status]: advice },
  });
}

function toOpenedPart(response: HttpResponse, request: OpenRequest): OpenedPart {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (!['', 'identity', 'gzip', 'x-gzip'].includes(encoding)) {
    response.destroy();
    throw new ContractError(
      'file.malformed',
      `Could not read ${request.unit.reportKey}, part ${request.part.name}: content encoding "${quoteText(encoding, 40)}" was not asked for.`,
    );
  }
  const md5 = findMd5(response.headers, encoding);
  const length = textOf(response.headers['content-length']);
  return {
    name: request.part.name,
    ...(length !== undefined && /^\d+$/.test(length) && { sizeBytes: Number(length) }),
    bytes: md5 === undefined ? response.body : verifyMd5(response.body, md5, request),
    destroy: () => response.destroy(),
  };
}

/**
 * The md5 (base64) of the bytes to come, when the server gives one for them. Google storage states the hash of
 * what it stores: after decompressing on the way it does not hold for what arrives.
 */
export function findMd5(headers: ResponseHeaders, encoding: string): string | undefined {
  const stored = textOf(headers['x-goog-stored-content-encoding'])?.trim().toLowerCase();
  const isGzip = (name: string) => name === 'gzip' || name === 'x-gzip';
  if (stored !== undefined && isGzip(stored) && !isGzip(encoding)) return undefined;
  if (/gunzipped/i.test(textOf(headers.warning) ?? '')) return undefined;
  const match = /(?:^|[,\s])md5=([A-Za-z0-9+/]{22}==)/.exec(textOf(headers['x-goog-hash']) ?? '');
  return match?.[1];
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

async function* verifyMd5(
  chunks: AsyncIterable<Uint8Array>,
  expected: string,
  request: OpenRequest,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('md5');
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('base64') === expected) return;
  throw new TransientError(
    'source.checksum-mismatch',
    `Could not download ${request.unit.reportKey}, part ${request.part.name}: the md5 of what arrived is not the one the file host states. It is downloaded again.`,
  );
}
