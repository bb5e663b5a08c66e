/** Reporting API v1: list, versions, report type, and report data by GET and POST. */
import type { HttpReply, HttpRequest } from '../http-server.ts';
import { jsonReply } from '../http-server.ts';
import type { Settings } from '../options.ts';
import type { RateLimiter } from '../rate-limit.ts';
import { answerEndpointUsage, answerUsageDetails, type ReportAnswer } from './answers.ts';
import type { EdgeGridVerifier } from './edgegrid-verifier.ts';
import type { EndpointUsage } from './endpoint-usage.ts';
import { gatewayProblemReply, RequestProblem, serviceProblemReply } from './problem.ts';
import { renderCsv, renderJson } from './render.ts';
import type { ReportTypeResource } from './report-type.ts';
import { REPORTS_PATH } from './report-type.ts';
import { answerBytesByCpcode, answerHitsByTime } from './traffic-answers.ts';
import type { UsageDetails } from './usage-details.ts';
import { createV2Api } from './v2/api.ts';
import { V2_REPORTS_PATH } from './v2/report-options.ts';
import { type ReportQuery, validateRequest } from './validate.ts';

export interface AkamaiApiParts {
  settings: Settings;
  types: readonly ReportTypeResource[];
  usage: EndpointUsage;
  details: UsageDetails;
  verifier: EdgeGridVerifier;
  limiter: RateLimiter;
  v2Limiter: RateLimiter;
}

export function createAkamaiApi(parts: AkamaiApiParts): (request: HttpRequest) => HttpReply {
  const { settings, verifier, limiter } = parts;
  const handleV2 = createV2Api({ settings, details: parts.details, limiter: parts.v2Limiter });
  let problemCount = 0;

  return function handle(request) {
    const now = settings.now();
    const { method, rawUrl, headers, body } = request;
    const host = headers.host ?? '';
    const verdict = verifier.verify({ method, host, rawUrl, headers, body });
    problemCount += 1;
    if (verdict.kind === 'refused') {
      const refused = { method, rawUrl, host, now };
      return gatewayProblemReply(refused, verdict.status, verdict.detail, problemCount);
    }
    if (request.path.startsWith(V2_REPORTS_PATH)) return handleV2(request);
    try {
      const waitMs = limiter.take(request.path);
      if (waitMs > 0) return tooManyRequests(settings, waitMs, problemCount);
      return route(parts, request, now);
    } catch (error) {
      if (error instanceof RequestProblem) return serviceProblemReply(error, problemCount);
      throw error;
    }
  };
}

function tooManyRequests(settings: Settings, waitMs: number, count: number): HttpReply {
  const { requestsPerMinute } = settings.akamai;
  const title = `More than ${requestsPerMinute} requests per minute for this endpoint`;
  const reply = serviceProblemReply(new RequestProblem(429, 'reporting.re.problem.rate.limit', title), count);
  // the date of the next chance, by the clock of the Date header
  const next = new Date(settings.now().getTime() + Math.ceil(waitMs)).toISOString();
  return { ...reply, headers: { ...reply.headers, 'akamai-ratelimit-next': next } };
}

function route(parts: AkamaiApiParts, request: HttpRequest, now: Date): HttpReply {
  if (!request.path.startsWith(REPORTS_PATH)) throw notFound(request.path);
  const [, name, word, version, tail, ...rest] = request.path.slice(REPORTS_PATH.length).split('/');
  const served = parts.types.filter((type) => !parts.settings.akamai.withdrawnReports.includes(type.name));
  const allowed = tail === 'report-data' ? ['GET', 'POST'] : ['GET'];
  if (rest.length > 0) throw notFound(request.path);
  if (name === undefined) return answerTo(request, allowed, () => jsonReply(200, served, 'application/json'));

  const type = served.map((known) => withStatus(known, parts.settings)).find((known) => known.name === name);
  if (type === undefined || word !== 'versions') throw notFound(request.path);
  if (version === undefined)
    return answerTo(request, allowed, () => jsonReply(200, [type], 'application/json'));
  if (version !== `${type.version}`) throw notFound(request.path);
  if (tail === undefined) return answerTo(request, allowed, () => jsonReply(200, type, 'application/json'));
  if (tail !== 'report-data') throw notFound(request.path);
  return answerTo(request, allowed, () => reportData(parts, request, type, now));
}

function answerTo(request: HttpRequest, allowed: readonly string[], answer: () => HttpReply): HttpReply {
  if (allowed.includes(request.method)) return answer();
  throw new RequestProblem(405, 'reporting.re.problem.method', `${request.method} is not allowed here`);
}

function reportData(
  parts: AkamaiApiParts,
  request: HttpRequest,
  type: ReportTypeResource,
  now: Date,
): HttpReply {
  const { settings } = parts;
  const { cpCodes, accountIds } = settings.akamai;
  const isUsage = type.businessObjectName === 'cpcode';
  const query = validateRequest(request, type, isUsage ? cpCodes : accountIds, now);
  if (query.end.ms - query.start.ms > settings.akamai.maxWindowHours * 3_600_000)
    throw new RequestProblem(422, 'reporting.re.problem.cost', 'The query costs more than the maximum');
  const answer = answerReport(parts, type, query);
  if (!/\btext\/csv\b/.test(request.headers.accept ?? '')) {
    return jsonReply(200, renderJson(answer), 'application/json');
  }
  return { status: 200, headers: { 'Content-Type': 'text/csv' }, body: Buffer.from(renderCsv(answer)) };
}

function answerReport(parts: AkamaiApiParts, type: ReportTypeResource, query: ReportQuery): ReportAnswer {
  const { settings, usage, details } = parts;
  if (type.name === 'hits-by-time') return answerHitsByTime(settings, usage, type, query);
  if (type.name === 'bytes-by-cpcode') return answerBytesByCpcode(settings, usage, type, query);
  if (type.businessObjectName === 'cpcode') return answerEndpointUsage(settings, usage, type, query);
  return answerUsageDetails(settings, details, type, query);
}

function withStatus(type: ReportTypeResource, { akamai }: Settings): ReportTypeResource {
  if (!akamai.deprecatedReports.includes(type.name)) return type;
  return { ...type, status: 'DEPRECATED', deprecated: true };
}

function notFound(path: string): RequestProblem {
  return new RequestProblem(404, 'reporting.re.problem.not.found', `There is nothing at ${path}`);
}
