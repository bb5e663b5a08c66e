/**
 * Checks EdgeGrid signatures (EG1-HMAC-SHA256) the way the vendor's gateway does. Written from the published
 * algorithm and proven on the vendor's own test vectors, apart from any client: a signer that only ever
 * met its own verifier proves nothing.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface SignedRequest {
  method: string;
  host: string;
  /** Path and query exactly as received. */
  rawUrl: string;
  /** Header names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
}

export interface EdgeGridRules {
  clientToken: string;
  clientSecret: string;
  accessToken: string;
  now: () => Date;
  /** Default none: reporting signs no headers. */
  headersToSign?: readonly string[];
  /** Bytes of a POST body that the content hash covers. Default 131072. */
  maxBody?: number;
  /**
   * Schemes a client may have signed. A plain-http listener cannot tell whether a TLS proxy stands before
   * it, and clients sign what they believe to talk. Default both.
   */
  schemes?: readonly string[];
}

export type EdgeGridVerdict = { kind: 'accepted' } | { kind: 'refused'; status: 400 | 401; detail: string };

export interface EdgeGridVerifier {
  verify(request: SignedRequest): EdgeGridVerdict;
}

/** Clocks may differ by this much (observed by users; the gateway then says "Invalid timestamp"). */
export const MAX_SKEW_MS = 30_000;
const MAX_BODY_BYTES = 131_072;
const AUTHORIZATION =
  /^EG1-HMAC-SHA256 client_token=([^;]+);access_token=([^;]+);timestamp=([^;]+);nonce=([^;]+);signature=(.+)$/;
const TIMESTAMP = /^(\d{4})(\d{2})(\d{2})T(\d{2}:\d{2}:\d{2})\+0000$/;

export function createEdgeGridVerifier(rules: EdgeGridRules): EdgeGridVerifier {
  const nonces = new Map<string, number>();

  function isReplay(nonce: string, nowMs: number): boolean {
    for (const [known, seenMs] of nonces) {
      // a signature older than the skew is refused anyway
      if (Math.abs(nowMs - seenMs) > 2 * MAX_SKEW_MS) nonces.delete(known);
    }
    if (nonces.has(nonce)) return true;
    nonces.set(nonce, nowMs);
    return false;
  }

  function verify(request: SignedRequest): EdgeGridVerdict {
    const header = request.headers.authorization;
    if (typeof header !== 'string') return refused(401, 'The Authorization header is missing');
    const match = AUTHORIZATION.exec(header);
    if (match === null) return refused(400, 'The Authorization header is malformed');
    const [, clientToken = '', accessToken = '', timestamp = '', nonce = '', signature = ''] = match;
    if (clientToken !== rules.clientToken) return refused(401, 'Invalid authorization client token');
    if (accessToken !== rules.accessToken) return refused(401, 'Invalid authorization access token');
    const nowMs = rules.now().getTime();
    if (!isCurrent(timestamp, nowMs)) return refused(400, 'Invalid timestamp');
    const unsigned = header.slice(0, header.indexOf('signature='));
    const matches = (rules.schemes ?? ['http', 'https']).some((scheme) =>
      isEqual(signature, expectedSignature(request, rules, scheme, timestamp, unsigned)),
    );
    if (!matches) return refused(401, 'The signature does not match');
    if (isReplay(nonce, nowMs)) return refused(400, 'Invalid nonce: it was used before');
    return { kind: 'accepted' };
  }
  return { verify };
}

function expectedSignature(
  request: SignedRequest,
  rules: EdgeGridRules,
  scheme: string,
  timestamp: string,
  unsignedHeader: string,
): string {
  // the secret is used as text, and the base64 text of the first HMAC is the key of the second
  const signingKey = hmacBase64(rules.clientSecret, timestamp);
  const fields = [
    request.method.toUpperCase(),
    scheme,
    request.host.toLowerCase(),
    request.rawUrl,
    canonicalHeaders(request.headers, rules.headersToSign ?? []),
    contentHash(request.method, request.body, rules.maxBody ?? MAX_BODY_BYTES),
    unsignedHeader,
  ];
  return hmacBase64(signingKey, fields.join('\t'));
}

function canonicalHeaders(headers: SignedRequest['headers'], headersToSign: readonly string[]): string {
  const lines: string[] = [];
  for (const name of headersToSign) {
    const value = headers[name.toLowerCase()];
    if (typeof value === 'string') lines.push(`${name.toLowerCase()}:${value.trim().replace(/\s+/g, ' ')}`);
  }
  return lines.join('\t');
}

/** Only a POST with a body is hashed, and of it only the first `maxBody` bytes. */
function contentHash(method: string, body: Buffer, maxBody: number): string {
  if (method.toUpperCase() !== 'POST' || body.length === 0) return '';
  return createHash('sha256').update(body.subarray(0, maxBody)).digest('base64');
}

function isCurrent(timestamp: string, nowMs: number): boolean {
  const match = TIMESTAMP.exec(timestamp);
  if (match === null) return false;
  const [, year, month, day, clock] = match;
  const signedMs = Date.parse(`${year}-${month}-${day}T${clock}Z`);
  return Math.abs(signedMs - nowMs) <= MAX_SKEW_MS;
}

function hmacBase64(key: string, message: string): string {
  return createHmac('sha256', key).update(message).digest('base64');
}

function isEqual(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function refused(status: 400 | 401, detail: string): EdgeGridVerdict {
  return { kind: 'refused', status, detail };
}
