/**
 * The file host: report files behind signed links, with the manners of Google's storage. It refuses a
 * request that carries an Authorization header, so that an API key sent to the wrong host is noticed.
 */
import { gunzipSync } from 'node:zlib';
import type { HttpReply, HttpRequest } from '../http-server.ts';
import type { Settings } from '../options.ts';
import type { ReportContent, ReportPart } from './content.ts';
import type { LinkSigner } from './links.ts';
import type { ReportCalendar } from './reports.ts';

export interface FileHostParts {
  settings: Settings;
  accountId: string;
  calendar: ReportCalendar;
  content: ReportContent;
  links: LinkSigner;
}

export function createFileHost(parts: FileHostParts): (request: HttpRequest) => HttpReply {
  return function handle(request) {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return xmlError(405, 'MethodNotAllowed', 'Only GET and HEAD are allowed.');
    }
    if (request.headers.authorization !== undefined) {
      return xmlError(400, 'InvalidArgument', 'A signed URL and an Authorization header exclude each other.');
    }
    const verdict = parts.links.verify(request.path, request.query, parts.settings.now());
    if (verdict === 'unsigned') return xmlError(400, 'MissingSecurityHeader', 'The URL is not signed.');
    if (verdict === 'forged') {
      return xmlError(403, 'SignatureDoesNotMatch', 'The signature does not fit the request.');
    }
    if (verdict === 'expired' || request.expireLinks) {
      return xmlError(403, 'ExpiredToken', 'The signed URL has expired.');
    }
    const part = findPart(parts, request.path);
    if (part === undefined) return xmlError(404, 'NoSuchKey', 'The object does not exist.');
    return fileReply(part, parts.settings.imgix.contentEncoding, request.headers['accept-encoding'] ?? '');
  };
}

function findPart(parts: FileHostParts, path: string): ReportPart | undefined {
  const [, account, reportKey = '', name] = /^\/imgix-reports\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  if (account !== parts.accountId) return undefined;
  const report = parts.calendar.findByKey(reportKey);
  if (report === undefined || !report.completed) return undefined;
  return parts.content.parts(report).find((part) => part.name === name);
}

function fileReply(part: ReportPart, contentEncoding: boolean, acceptEncoding: string): HttpReply {
  const headers = {
    ETag: `"${Buffer.from(part.md5, 'base64').toString('hex')}"`,
    'x-goog-hash': `md5=${part.md5}`,
    'x-goog-generation': `${part.generation}`,
    'x-goog-stored-content-length': `${part.body.length}`,
  };
  if (!part.gzipped)
    return { status: 200, headers: { 'Content-Type': 'text/csv', ...headers }, body: part.body };
  if (!contentEncoding) {
    return { status: 200, headers: { 'Content-Type': 'application/gzip', ...headers }, body: part.body };
  }
  const encoded = { 'Content-Type': 'text/csv', 'x-goog-stored-content-encoding': 'gzip', ...headers };
  if (/\bgzip\b/.test(acceptEncoding)) {
    return { status: 200, headers: { ...encoded, 'Content-Encoding': 'gzip' }, body: part.body };
  }
  // transcoding: the length is unknown and the checksum is that of the stored, compressed object
  return { status: 200, headers: encoded, body: gunzipSync(part.body), knownLength: false };
}

function xmlError(status: number, code: string, message: string): HttpReply {
  const body = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { 'Content-Type': 'application/xml; charset=UTF-8' }, body: Buffer.from(body) };
}
