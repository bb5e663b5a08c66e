import { ContractError, parseJson } from '@edgeledger/core';
import type { Dispatcher } from 'undici';
import type { ResponseHeaders } from './retry.ts';
import { type Attempted, toBodyError, toTooLargeError } from './transport-error.ts';

/** A response whose body is to be read once or destroyed; its place among the concurrent ones is held until then. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly url: URL;
  /** Bytes as they came: content encodings are not undone. Throws when the body is cut. */
  readonly body: AsyncIterable<Uint8Array>;
  bytes(limitBytes: number): Promise<Uint8Array>;
  text(limitBytes: number): Promise<string>;
  /** The document, when it is no more than a short one should be (`JSON_BOUNDS`). */
  json(limitBytes: number): Promise<unknown>;
  destroy(): void;
  /** Resolves when the body was read, cut or destroyed. */
  readonly closed: Promise<void>;
}

export function createHttpResponse(
  data: Dispatcher.ResponseData,
  attempted: Attempted,
  signal: AbortSignal | undefined,
): HttpResponse {
  // destroying a body nobody reads emits an error on it; the readers below see their own
  data.body.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    data.body.once('close', () => resolve());
  });

  async function* readBody(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of data.body) yield chunk;
    } catch (thrown) {
      if (signal?.aborted === true) throw signal.reason;
      throw toBodyError(thrown, attempted);
    } finally {
      data.body.destroy();
    }
  }

  const body = readBody();
  const readWhole = async (limitBytes: number) => {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) throw toTooLargeError(attempted, limitBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  };

  return {
    status: data.statusCode,
    headers: data.headers,
    url: attempted.url,
    body,
    bytes: readWhole,
    text: async (limitBytes) => (await readWhole(limitBytes)).toString('utf8'),
    async json(limitBytes) {
      const document = await readWhole(limitBytes);
      const what = `Could not ${attempted.what}`;
      try {
        return parseJson(document, what);
      } catch (thrown) {
        if (thrown instanceof ContractError) throw thrown;
        // without the parser's error, which quotes what it could not read: a part of a secret is one, too
        const message = `${what}: ${attempted.url.host} answered ${data.statusCode} with something that is not JSON. Check the API URL.`;
        throw new ContractError('source.response-malformed', message);
      }
    },
    destroy: () => {
      data.body.destroy();
    },
    closed,
  };
}

/** At most this much of an error body is read, and for at most as long as it keeps coming. */
const ERROR_BODY_LIMIT_BYTES = 64 * 1024;

/** The start of an error body; a body that is too long, slow or cut is no reason to lose the status. */
export async function readErrorBody(response: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes >= ERROR_BODY_LIMIT_BYTES) break;
    }
  } catch {
    // the status is what matters
  }
  response.destroy();
  return Buffer.concat(chunks).toString('utf8').slice(0, ERROR_BODY_LIMIT_BYTES);
}
