/** One listener: reads a request, applies the fault script, asks the handler, answers, and keeps a log. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { FaultAction, FaultRegistry, ServerName } from './faults.ts';
import { corruptBytes } from './faults.ts';

export interface HttpRequest {
  method: string;
  /** Path and query exactly as received: signatures are computed over it. */
  rawUrl: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: Buffer;
  /** The fault `expire-link` asks for a link that is past its time. */
  expireLinks: boolean;
}

export interface HttpReply {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  /** False sends the body in chunks without Content-Length. Default true. */
  knownLength?: boolean;
}

export interface RequestLogEntry {
  server: ServerName;
  method: string;
  path: string;
  /** The query without the leading `?`, signatures removed. */
  query: string;
  /** 0 while the request is being answered, and for good when the connection was reset. */
  status: number;
  /** By the emulator's clock. */
  at: Date;
}

export interface Listener {
  /** Such as `http://127.0.0.1:40123`, without a slash at the end. */
  url: string;
  /** `host:port` */
  host: string;
  close(): Promise<void>;
}

export interface ListenerOptions {
  name: ServerName;
  host: string;
  /** The name in `url`. */
  publicHost: string;
  port: number;
  now: () => Date;
  faults: FaultRegistry;
  log: RequestLogEntry[];
  handle: (request: HttpRequest) => HttpReply;
}

const MAX_LOG_ENTRIES = 100_000;
const MAX_BODY_BYTES = 8 * 1024 * 1024;

export async function openListener(options: ListenerOptions): Promise<Listener> {
  const stalls = new Set<NodeJS.Timeout>();
  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        stalls.delete(timer);
        resolve();
      }, milliseconds);
      stalls.add(timer);
    });
  const server = createServer((incoming, response) => {
    serve(options, incoming, response, pause).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(error instanceof Error ? error.message : 'emulator failure');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The listener has no port.');
  const name = options.publicHost.includes(':') ? `[${options.publicHost}]` : options.publicHost;
  return {
    url: `http://${name}:${address.port}`,
    host: `${name}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        for (const timer of stalls) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  options: ListenerOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
  pause: (milliseconds: number) => Promise<void>,
): Promise<void> {
  const rawUrl = incoming.url ?? '/';
  const [path = '/', queryText = ''] = splitOnce(rawUrl, '?');
  const method = incoming.method ?? 'GET';
  const entry: RequestLogEntry = {
    server: options.name,
    method,
    path,
    query: queryText.replace(/((?:^|&)Signature=)[^&]*/g, '$1REDACTED'),
    status: 0,
    at: options.now(),
  };
  options.log.push(entry);
  // an emulator may run for weeks
  if (options.log.length > MAX_LOG_ENTRIES) options.log.splice(0, MAX_LOG_ENTRIES / 10);
  // decided on arrival, so that requests in flight are counted in the order they came
  const action = options.faults.take(options.name, rawUrl);
  const body = await readBody(incoming);
  if (action?.kind === 'reset') {
    incoming.socket.resetAndDestroy();
    return;
  }
  if (action?.kind === 'stall' && action.afterBytes === undefined) await pause(action.ms);
  const query = new URLSearchParams(queryText);
  const expireLinks = action?.kind === 'expire-link';
  const reply =
    action?.kind === 'status'
      ? scriptedReply(action)
      : options.handle({ method, rawUrl, path, query, headers: incoming.headers, body, expireLinks });
  entry.status = reply.status;
  await sendReply(response, reply, method === 'HEAD', options.now(), action, pause);
}

async function sendReply(
  response: ServerResponse,
  reply: HttpReply,
  isHead: boolean,
  now: Date,
  action: FaultAction | undefined,
  pause: (milliseconds: number) => Promise<void>,
): Promise<void> {
  // the vendors' clock, not this machine's: clients measure their skew by it
  response.sendDate = false;
  const whole = action?.kind === 'corrupt' ? corruptBytes(reply.body) : reply.body;
  const body =
    action?.kind === 'truncate' ? whole.subarray(0, Math.floor(whole.length * action.keepShare)) : whole;
  const length = reply.knownLength === false ? {} : { 'Content-Length': `${body.length}` };
  const headers = action?.kind === 'wrong-hash' ? withWrongHash(reply.headers) : reply.headers;
  response.writeHead(reply.status, { Date: now.toUTCString(), ...headers, ...length });
  if (isHead) {
    response.end();
    return;
  }
  if (action?.kind === 'slow') {
    await trickle(response, body, action.bytesPerSecond, pause);
    return;
  }
  if (action?.kind === 'cut' && action.afterBytes < body.length) {
    await writeAll(response, body.subarray(0, action.afterBytes));
    response.destroy();
    return;
  }
  if (action?.kind === 'stall' && action.afterBytes !== undefined) {
    await writeAll(response, body.subarray(0, action.afterBytes));
    await pause(action.ms);
    response.end(body.subarray(action.afterBytes));
    return;
  }
  response.end(body);
}

const SLICES_PER_SECOND = 20;

async function trickle(
  response: ServerResponse,
  body: Buffer,
  bytesPerSecond: number,
  pause: (milliseconds: number) => Promise<void>,
): Promise<void> {
  const size = Math.max(1, Math.ceil(bytesPerSecond / SLICES_PER_SECOND));
  for (let start = 0; start < body.length && !response.destroyed; start += size) {
    await writeAll(response, body.subarray(start, start + size));
    await pause(1000 / SLICES_PER_SECOND);
  }
  response.end();
}

/** As Google's storage spells them: `crc32c=…,md5=…`, base64. */
function withWrongHash(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]): [string, string] =>
    /hash|md5|etag/i.test(name)
      ? [name, value.replace(/[A-Za-z0-9+/]{20,}/g, (text) => [...text].reverse().join(''))]
      : [name, value],
  );
  return Object.fromEntries(entries);
}

function writeAll(response: ServerResponse, chunk: Buffer): Promise<void> {
  response.flushHeaders();
  return new Promise((resolve) => {
    response.write(chunk, () => resolve());
  });
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new Error('The request body is too large.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function scriptedReply(action: Extract<FaultAction, { kind: 'status' }>): HttpReply {
  const body = Buffer.from(action.body ?? '');
  return { status: action.status, headers: action.headers ?? {}, body };
}

/** `['a', 'b=c?d']` for `a?b=c?d`. */
function splitOnce(text: string, separator: string): string[] {
  const index = text.indexOf(separator);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + separator.length)];
}

export function jsonReply(
  status: number,
  content: unknown,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): HttpReply {
  return {
    status,
    headers: { 'Content-Type': contentType, ...headers },
    body: Buffer.from(JSON.stringify(content)),
  };
}
