import { randomUUID } from 'node:crypto';
import {
  ConfigError,
  ContractError,
  type Finding,
  MINUTE_MS,
  quoteText,
  type RateLane,
  redactUrl,
  toShownHost,
} from '@edgeledger/core';
import {
  createHttpClient,
  type HttpRequest,
  type HttpResponse,
  readErrorBody,
  toStatusError,
  toVendorMessage,
} from '@edgeledger/http';
import { type AkamaiSourceConfig, type SourceServices, toHttpOptions } from '../source-config.ts';
import { signRequest } from './edgegrid.ts';
import { createVendorClock } from './vendor-clock.ts';

export interface AkamaiRequest {
  readonly api: 'v1' | 'v2';
  readonly method: 'GET' | 'POST';
  /** Below `/reporting-api/<api>`. */
  readonly path: string;
  /** Instead of path and query: where a redirect or a page link of the vendor leads. */
  readonly location?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly accept: string;
  readonly what: string;
  /** Akamai counts requests per account and endpoint. */
  readonly endpoint: string;
  /** Statuses that the caller reads itself. */
  readonly expectStatuses?: readonly number[];
  /** False: redirects come back as `refused`, because they mean "not ready yet". */
  readonly followsRedirects?: boolean;
  readonly lane?: RateLane;
  readonly signal: AbortSignal;
}

export type AkamaiAnswer =
  | { readonly kind: 'ok'; readonly response: HttpResponse }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly vendorMessage: string;
      readonly body: string;
      readonly headers: HttpResponse['headers'];
      readonly error: Error;
    };

export interface AkamaiClient {
  /** Signs, sends, corrects the clock once if Akamai finds it wrong. 400 and `expectStatuses` come back as `refused`. */
  request(request: AkamaiRequest): Promise<AkamaiAnswer>;
  /** Findings since the last call that belong to no report in particular. */
  takeFindings(): Finding[];
  /** How far our clock was found to be off, in ms; 0 while nobody complained. */
  clockOffsetMs(): number;
  close(): Promise<void>;
}

/**
 * Per account and endpoint. v1: above it no request is answered for a minute (akamai.md, section 1.9). v2 counts per
 * report and publishes no general number; this is the one of its documented 429 (section 2.6).
 */
export const REQUESTS_PER_MINUTE = { v1: 120, v2: 20 } as const;
const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

const ADVICE = {
  401: 'Check AKAMAI_CLIENT_TOKEN, AKAMAI_CLIENT_SECRET, AKAMAI_ACCESS_TOKEN and AKAMAI_HOST: they must be of one API client that is still active.',
  403: 'The API client needs the service "Reporting API" (READ-WRITE), the roles of the report, and access to every object id asked for: remove the ids named here from the stream, or have access granted.',
};

export function createAkamaiClient(config: AkamaiSourceConfig, services: SourceServices): AkamaiClient {
  const http = createHttpClient(
    toHttpOptions(services, {
      rateScope: `akamai/${config.account}`,
      throttleMs: MINUTE_MS,
      concurrency: 4,
    }),
  );
  const toRateLimit = (requests: number) => services.http?.rateLimit ?? { requests, perMs: MINUTE_MS };
  const rateLimits = { v1: toRateLimit(REQUESTS_PER_MINUTE.v1), v2: toRateLimit(REQUESTS_PER_MINUTE.v2) };
  const credential = {
    clientToken: config.clientToken.reveal(),
    clientSecret: config.clientSecret.reveal(),
    accessToken: config.accessToken.reveal(),
  };
  const vendorClock = createVendorClock(services.clock, services.logger);

  const authorization = (request: { method: string; url: URL; body?: string | undefined }): string => {
    return signRequest(request, credential, { now: vendorClock.now(), nonce: randomUUID() });
  };

  /** Follows redirects of the same host, each signed for where it goes. */
  async function send(request: AkamaiRequest): Promise<HttpResponse> {
    let url = request.location === undefined ? toUrl(config, request) : toLocation(config, request);
    for (let redirects = 0; ; redirects += 1) {
      const response = await http.request({
        ...toHttpRequest(request, url, authorization),
        rateLimit: rateLimits[request.api],
      });
      if (!REDIRECTS.has(response.status) || request.followsRedirects === false) return response;
      response.destroy();
      const target = URL.parse(response.headers.location ?? '', url.href);
      if (target === null || redirects >= MAX_REDIRECTS) {
        throw new ContractError(
          'source.response-malformed',
          `Could not ${request.what}: ${redactUrl(url)} redirects without end.`,
        );
      }
      if (target.origin !== url.origin) {
        throw new ConfigError(
          'source.host-not-allowed',
          `Could not ${request.what}: ${url.host} redirects to ${toShownHost(target)}. Check AKAMAI_HOST.`,
        );
      }
      url = target;
    }
  }

  async function answer(request: AkamaiRequest, mayCorrect: boolean): Promise<AkamaiAnswer> {
    const signedWithOffsetMs = vendorClock.offsetMs();
    const response = await send(request);
    if (response.status === 200) return { kind: 'ok', response };
    const body = await readErrorBody(response);
    const vendorMessage = toVendorMessage(body);
    const { status } = response;
    if (status === 400 && /invalid timestamp/i.test(body)) {
      const serverTimes = [response.headers.date, findRequestTime(body)];
      // another request may have corrected the clock while this one was on its way
      const isCorrected = vendorClock.offsetMs() !== signedWithOffsetMs || vendorClock.correct(serverTimes);
      if (mayCorrect && isCorrected) return answer(request, false);
      throw new ConfigError(
        'source.clock-skew',
        `Could not ${request.what}: Akamai refuses the time of the signature (${vendorMessage}). Set the clock of this machine (NTP); 30 seconds are tolerated.`,
      );
    }
    const error = toStatusError({ ...request, url: response.url, status, vendorMessage, advice: ADVICE });
    return { kind: 'refused', status, vendorMessage, body, headers: response.headers, error };
  }

  return {
    request: (request) => answer(request, true),
    takeFindings: () => vendorClock.takeFindings(),
    clockOffsetMs: () => vendorClock.offsetMs(),
    close: () => http.close(),
  };
}

function toHttpRequest(
  request: AkamaiRequest,
  url: URL,
  authorization: (signable: { method: string; url: URL; body?: string | undefined }) => string,
): HttpRequest {
  const { method, body } = request;
  return {
    method,
    url,
    ...(body === undefined ? {} : { body }),
    headers: () => ({
      accept: request.accept,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      authorization: authorization({ method, url, body }),
    }),
    signal: request.signal,
    expectStatuses: [200, 400, ...REDIRECTS, ...(request.expectStatuses ?? [])],
    what: request.what,
    rateKey: request.endpoint,
    ...(request.lane === undefined ? {} : { lane: request.lane }),
    advice: ADVICE,
  };
}

/** The account switch key is a plain parameter of every operation, and signed with the rest (akamai.md, section 3.2). */
function toUrl(config: AkamaiSourceConfig, request: AkamaiRequest): URL {
  const url = new URL(config.apiUrl);
  url.pathname = `${config.apiUrl.pathname.replace(/\/+$/, '')}/reporting-api/${request.api}${request.path}`;
  const query = {
    ...request.query,
    ...(config.accountSwitchKey === undefined ? {} : { accountSwitchKey: config.accountSwitchKey }),
  };
  url.search = Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  return url;
}

/**
 * Where the vendor leads, text as it stands: a query id may hold characters that decoding would change. It must stay at
 * the same host, and need not carry the account switch key (akamai.md, section 2.4).
 */
function toLocation(config: AkamaiSourceConfig, request: AkamaiRequest): URL {
  const key = config.accountSwitchKey;
  const location = request.location ?? '';
  const isKeyed = key === undefined || /[?&]accountSwitchKey=/.test(location);
  const keyed = isKeyed
    ? location
    : `${location}${location.includes('?') ? '&' : '?'}accountSwitchKey=${encodeURIComponent(key)}`;
  const url = URL.parse(keyed, config.apiUrl.href);
  if (url === null || location === '') {
    throw new ContractError(
      'source.response-malformed',
      `Could not ${request.what}: Akamai leads nowhere (Location "${quoteText(location, 100)}").`,
    );
  }
  if (url.origin !== config.apiUrl.origin) {
    throw new ConfigError(
      'source.host-not-allowed',
      `Could not ${request.what}: ${config.apiUrl.host} leads to ${toShownHost(url)}. Check AKAMAI_HOST.`,
    );
  }
  return url;
}

function findRequestTime(body: string): string | undefined {
  return /"requestTime"\s*:\s*"([^"]{1,40})"/.exec(body)?.[1];
}
