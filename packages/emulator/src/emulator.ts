/** Puts the three listeners together on one account, one clock and one fault script. */
import { createAkamaiApi } from './akamai/api.ts';
import { createEdgeGridVerifier } from './akamai/edgegrid-verifier.ts';
import type { AkamaiRevision, EndpointUsage } from './akamai/endpoint-usage.ts';
import { createEndpointUsage } from './akamai/endpoint-usage.ts';
import { createReportTypes } from './akamai/report-types.ts';
import { createUsageDetails } from './akamai/usage-details.ts';
import type { ManualClock } from './clock.ts';
import { type EmulatorFacts, FACTS_PATH } from './facts.ts';
import type { FaultScript } from './faults.ts';
import { createFaultRegistry } from './faults.ts';
import type { HttpReply, HttpRequest, Listener, RequestLogEntry } from './http-server.ts';
import { jsonReply, openListener } from './http-server.ts';
import { createImgixApi } from './imgix/api.ts';
import type { ImgixRevision } from './imgix/content.ts';
import { createReportContent } from './imgix/content.ts';
import { createFileHost } from './imgix/files.ts';
import { createLinkSigner } from './imgix/links.ts';
import { createReportCalendar } from './imgix/reports.ts';
import { createReportTables } from './imgix/tables.ts';
import type { EmulatorOptions, Settings } from './options.ts';
import { toSettings } from './options.ts';
import { hexOf } from './random.ts';
import { createRateLimiter } from './rate-limit.ts';
import type { Truth } from './truth.ts';
import { createTruth } from './truth.ts';

export interface EmulatorCredentials {
  imgix: { apiKey: string };
  /** `host` is what EdgeGrid signs and the Host header must say: `host:port` of the Akamai listener. */
  akamai: { clientToken: string; clientSecret: string; accessToken: string; host: string };
}

export interface Emulator {
  /** Origins without a slash at the end. */
  imgixUrl: string;
  filesUrl: string;
  akamaiUrl: string;
  /** `host:port` of the file host. */
  filesHost: string;
  credentials: EmulatorCredentials;
  /** The Akamai objects the credential may report on. */
  scope: { cpCodes: readonly string[]; accountIds: readonly string[] };
  truth: Truth;
  /** The last 100,000 requests, oldest first. Truncate it with `requests.length = 0`. */
  requests: RequestLogEntry[];
  faults: FaultScript;
  /** The time of the emulated vendors. */
  now(): Date;
  /** Only with the option `clock`; otherwise it throws. */
  setNow(instant: Date): void;
  advance(milliseconds: number): void;
  /** Issues a completed imgix report again, under a new id and with other content; returns the id. */
  revise(revision: ImgixRevision): string;
  /** Changes endpoint usage of intervals that may have been served already. */
  reviseAkamai(revision: AkamaiRevision): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Vendors {
  handlers: Record<'imgix' | 'files' | 'akamai', (request: HttpRequest) => HttpReply>;
  usage: EndpointUsage;
  truth: Truth;
  revise: (revision: ImgixRevision) => string;
}

/** Starts the emulator; it serves until `close`. */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const settings = toSettings(options);
  const faults = createFaultRegistry();
  const requests: RequestLogEntry[] = [];
  let filesUrl = '';
  const vendors = createVendors(settings, () => filesUrl);
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  let facts: EmulatorFacts | undefined;
  const handlers = {
    ...vendors.handlers,
    files: (request: HttpRequest) =>
      request.path === FACTS_PATH && facts !== undefined
        ? jsonReply(200, facts, 'application/json')
        : vendors.handlers.files(request),
  };
  const open = async (name: 'imgix' | 'files' | 'akamai'): Promise<Listener> => {
    const { host, publicHost, now } = settings;
    const handle = handlers[name];
    const port = settings.ports[name];
    const listener = await openListener({ name, host, publicHost, port, now, faults, log: requests, handle });
    listeners.push(listener);
    return listener;
  };
  try {
    const files = await open('files');
    filesUrl = files.url;
    const imgix = await open('imgix');
    const akamai = await open('akamai');
    const clock = (): ManualClock => requireClock(options.clock);
    const credentials = toCredentials(settings, akamai.host);
    const scope = { cpCodes: settings.akamai.cpCodes, accountIds: settings.akamai.accountIds };
    facts = {
      ...credentials,
      ...scope,
      imgixUrl: imgix.url,
      akamaiUrl: akamai.url,
      filesHost: files.host,
    };
    return {
      imgixUrl: imgix.url,
      filesUrl: files.url,
      akamaiUrl: akamai.url,
      filesHost: files.host,
      credentials,
      scope,
      truth: vendors.truth,
      requests,
      faults,
      now: () => settings.now(),
      setNow: (instant) => clock().set(instant),
      advance: (milliseconds) => clock().advance(milliseconds),
      revise: vendors.revise,
      reviseAkamai: vendors.usage.revise,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function createVendors(settings: Settings, filesUrl: () => string): Vendors {
  const tables = createReportTables(settings);
  const calendar = createReportCalendar(settings);
  const content = createReportContent(settings, tables);
  const links = createLinkSigner(hexOf(32, settings.seed, 'link-secret'));
  const { accountId } = tables;
  const usage = createEndpointUsage(settings);
  const details = createUsageDetails(settings);
  const { clientToken, clientSecret, accessToken, requestsPerMinute, rateWindowMs, detailsLimit } =
    settings.akamai;
  const imgixLimiter = createRateLimiter(settings.imgix.requestsPerSecond, 1000);
  // vendor: above the limit no new requests for one minute
  const akamaiLimiter = createRateLimiter(requestsPerMinute, rateWindowMs, { blockMs: rateWindowMs });
  const { now } = settings;
  return {
    handlers: {
      imgix: createImgixApi({
        settings,
        accountId,
        calendar,
        content,
        links,
        limiter: imgixLimiter,
        filesUrl,
      }),
      files: createFileHost({ settings, accountId, calendar, content, links }),
      akamai: createAkamaiApi({
        settings,
        types: createReportTypes(detailsLimit),
        usage,
        details,
        verifier: createEdgeGridVerifier({ clientToken, clientSecret, accessToken, now }),
        limiter: akamaiLimiter,
        v2Limiter: createRateLimiter(settings.akamai.v2RequestsPerMinute, rateWindowMs),
      }),
    },
    usage,
    truth: createTruth({ settings, content, usage, details }),
    revise: (revision) => {
      const report = calendar.reissue(revision.reportKey);
      content.setRevision(report, revision);
      return report.id;
    },
  };
}

function toCredentials(settings: Settings, akamaiHost: string): EmulatorCredentials {
  const { clientToken, clientSecret, accessToken } = settings.akamai;
  return {
    imgix: { apiKey: settings.imgix.apiKey },
    akamai: { clientToken, clientSecret, accessToken, host: akamaiHost },
  };
}

function requireClock(clock: ManualClock | undefined): ManualClock {
  if (clock === undefined) {
    throw new Error('The clock of this emulator cannot be moved: pass { clock: createManualClock(start) }.');
  }
  return clock;
}
