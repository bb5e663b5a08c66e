/** Error bodies of the reporting service and of the gateway before it. */
import type { HttpReply } from '../http-server.ts';
import { jsonReply } from '../http-server.ts';
import { hexOf } from '../random.ts';

/** Thrown by validation; becomes the JSON body of the reporting service, which has no `status` member. */
export class RequestProblem extends Error {
  readonly status: number;
  readonly errorType: string;

  constructor(status: number, errorType: string, title: string) {
    super(title);
    this.status = status;
    this.errorType = errorType;
  }
}

export function serviceProblemReply(problem: RequestProblem, count: number): HttpReply {
  const invalid = problem.status === 400;
  const body = {
    type: invalid ? 'reporting.re.invalid.request' : 'reporting.re.problem',
    title: invalid ? 'Request is invalid.' : 'Reporting exception',
    instance: toUuid(hexOf(32, 'instance', count)),
    errors: [{ type: problem.errorType, title: problem.message }],
  };
  return jsonReply(problem.status, body, 'application/json');
}

export function gatewayProblemReply(
  request: { method: string; rawUrl: string; host: string; now: Date },
  status: 400 | 401,
  detail: string,
  count: number,
): HttpReply {
  const body = {
    type: `https://problems.luna.akamaiapis.net/-/pep-authn/${status === 400 ? 'request-error' : 'deny'}`,
    title: status === 400 ? 'Bad request' : 'Not authorized',
    status,
    detail,
    instance: `https://${request.host}${request.rawUrl}`,
    method: request.method,
    serverIp: '192.0.2.1',
    clientIp: '192.0.2.2',
    requestId: hexOf(7, 'request', count),
    requestTime: request.now.toISOString(),
  };
  return jsonReply(status, body, 'application/problem+json');
}

function toUuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
