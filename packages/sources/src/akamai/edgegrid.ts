import { createHash, createHmac } from 'node:crypto';

/**
 * EG1-HMAC-SHA256, the signature of Akamai's APIs (akamai.md, section 3.1). Own code, because Akamai's npm client
 * cannot be given time and nonce and logs the signing key; checked on the vectors that Akamai publishes.
 */
export interface EdgeGridCredential {
  readonly clientToken: string;
  /** Used as text, not decoded, although it looks like base64. */
  readonly clientSecret: string;
  readonly accessToken: string;
}

export interface SignableRequest {
  readonly method: string;
  /** As it goes on the wire: path and query are signed raw, the host is the one really asked. */
  readonly url: URL;
  readonly body?: string | undefined;
  /** Headers to sign, in the order agreed with the server; the Reporting API wants none. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Bytes of the body that are hashed. */
  readonly maxBodyBytes?: number;
}

export interface SigningMoment {
  readonly now: Date;
  /** Unique per request. */
  readonly nonce: string;
}

const DEFAULT_MAX_BODY_BYTES = 131_072;

/** The value of the Authorization header. Made anew for every attempt, poll and redirect. */
export function signRequest(
  request: SignableRequest,
  credential: EdgeGridCredential,
  moment: SigningMoment,
): string {
  const timestamp = toEdgeGridTimestamp(moment.now);
  const unsigned = `EG1-HMAC-SHA256 client_token=${credential.clientToken};access_token=${credential.accessToken};timestamp=${timestamp};nonce=${moment.nonce};`;
  const signature = toHmac(toSigningKey(credential.clientSecret, timestamp), toDataToSign(request, unsigned));
  return `${unsigned}signature=${signature}`;
}

/** `yyyyMMddTHH:mm:ss+0000` */
export function toEdgeGridTimestamp(instant: Date): string {
  const text = instant.toISOString();
  return `${text.slice(0, 10).replaceAll('-', '')}${text.slice(10, 19)}+0000`;
}

/** The base64 text itself is the key of the signature. */
export function toSigningKey(clientSecret: string, timestamp: string): string {
  return toHmac(clientSecret, timestamp);
}

/** Only a POST with a body has a content hash; it covers the first `maxBodyBytes` bytes. */
export function toContentHash(method: string, body: string | undefined, maxBodyBytes: number): string {
  if (method.toUpperCase() !== 'POST' || body === undefined || body === '') return '';
  const bytes = Buffer.from(body, 'utf8').subarray(0, maxBodyBytes);
  return createHash('sha256').update(bytes).digest('base64');
}

export function toCanonicalHeaders(headers: SignableRequest['headers']): string {
  return (headers ?? [])
    .map(([name, value]) => `${name.toLowerCase()}:${value.trim().replace(/\s+/g, ' ')}`)
    .join('\t');
}

function toDataToSign(request: SignableRequest, unsigned: string): string {
  const { url } = request;
  return [
    request.method.toUpperCase(),
    url.protocol.replace(/:$/, ''),
    url.host,
    url.pathname + url.search,
    toCanonicalHeaders(request.headers),
    toContentHash(request.method, request.body, request.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES),
    unsigned,
  ].join('\t');
}

function toHmac(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64');
}
