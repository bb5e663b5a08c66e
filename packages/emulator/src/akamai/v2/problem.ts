/** Errors of Reporting API v2: application/problem+json. */
import type { HttpReply } from '../../http-server.ts';
import { jsonReply } from '../../http-server.ts';

export class V2Problem extends Error {
  readonly status: number;
  readonly kind: string;
  readonly more: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    kind: string,
    title: string,
    more: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(title);
    this.status = status;
    this.kind = kind;
    this.more = more;
    this.headers = headers;
  }
}

export function problemReply(problem: V2Problem, count: number): HttpReply {
  const body = {
    type: `/reporting-api/error-types/${problem.kind}`,
    title: problem.message,
    status: problem.status,
    detail: problem.message,
    problemId: `problem-${count}`,
    ...problem.more,
  };
  return jsonReply(problem.status, body, 'application/problem+json', problem.headers);
}
