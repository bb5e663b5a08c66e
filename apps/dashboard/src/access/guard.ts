import type { IncomingMessage } from 'node:http';
import type { Clock, Logger, Secret } from '@edgeledger/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { mayReadMetrics } from '../metrics-route.ts';
import { isForeignChange, isForeignFetch, isForeignName, setSecurityHeaders } from '../security.ts';
import { type Attempts, createAttempts } from './attempts.ts';
import { type Account, findAccount, LOCAL_PERSON, type Person, type Role, readBasic } from './people.ts';
import { createSessions, type Sessions } from './sessions.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined on routes that are open to everybody. */
    person: Person | undefined;
  }
  interface FastifyContextConfig {
    /** Answers without a log-in. */
    readonly isOpen?: boolean;
    /** Answers to any name: what an orchestrator asks. */
    readonly isProbe?: boolean;
    /** Takes what a viewer sends: it changes nothing but their log-in, or judges by itself who may. */
    readonly takesFromViewers?: boolean;
  }
}

/** Who may come in, and what keeps others out. */
export interface Access {
  readonly accounts: readonly Account[];
  readonly sessions: Sessions;
  readonly attempts: Attempts;
  readonly logger: Logger;
}

export function createAccess(
  accounts: readonly Account[],
  options: { readonly clock: Clock; readonly secret?: string | undefined; readonly logger: Logger },
): Access {
  return {
    accounts,
    sessions: createSessions(accounts, options),
    attempts: createAttempts(options.clock),
    logger: options.logger,
  };
}

interface Refusal {
  readonly status: 400 | 401 | 403 | 429;
  readonly message: string;
  readonly retryAfterS?: number;
}

type Identified = { readonly person: Person | undefined } | { readonly refusal: Refusal };

/** Every request passes here first; what is refused reaches no route. */
export function registerGuard(app: FastifyInstance, access: Access, metricsToken?: Secret): void {
  app.decorateRequest('person', undefined);
  app.addHook('onRequest', async (request, reply) => {
    setSecurityHeaders(request, reply);
    if (mayReadMetrics(request, metricsToken)) return;
    if (hasNul(request.url)) return await refuse(request, reply, MALFORMED);
    const refusal = findRefusal(request, access);
    if (refusal === undefined) return;
    if (refusal.status === 401 && wantsPage(request)) {
      return await reply.redirect(toLoginPath(request), 303);
    }
    return await refuse(request, reply, refusal);
  });
}

function findRefusal(request: FastifyRequest, access: Access): Refusal | undefined {
  const route = request.routeOptions.config;
  if (route.isProbe === true) return undefined;
  // before the password: a foreign page shall not use up the attempts of whoever looks at it
  if (isForeignChange(request)) return FOREIGN_CHANGE;
  if (isForeignFetch(request)) return FOREIGN_FETCH;
  if (access.accounts.length === 0) {
    if (isForeignName(request)) return FOREIGN_NAME;
    request.person = LOCAL_PERSON;
  } else {
    const identified = identify(request, access);
    if ('refusal' in identified) return identified.refusal;
    request.person = identified.person;
  }
  if (request.person === undefined) return route.isOpen === true ? undefined : NOT_LOGGED_IN;
  // by the route, not by how its path was spelled: /%71ueues and http://host/queues are /queues, too
  const mayPass = isReading(request) || route.takesFromViewers === true;
  return request.person.role === 'viewer' && !mayPass ? VIEWERS_LOOK : undefined;
}

/** Postgres has no text with a NUL in it, so nothing of ours is found by one. */
function hasNul(url: string): boolean {
  return /%00/.test(url);
}

const MALFORMED: Refusal = { status: 400, message: 'The request is malformed.' };

const NOT_LOGGED_IN: Refusal = {
  status: 401,
  message: 'Log in with DASHBOARD_USER and DASHBOARD_PASSWORD, on /login or with HTTP Basic.',
};
const FOREIGN_CHANGE: Refusal = { status: 403, message: 'Changes are accepted from this site only.' };
const FOREIGN_FETCH: Refusal = {
  status: 403,
  message: 'Other sites may link to the dashboard, and not load it into their pages.',
};
const FOREIGN_NAME: Refusal = {
  status: 403,
  message:
    'Without a password the dashboard answers to localhost only. Set DASHBOARD_USER and DASHBOARD_PASSWORD to use another name.',
};
export const VIEWERS_LOOK: Refusal = {
  status: 403,
  message: 'A viewer may look at everything and change nothing. Log in as an operator.',
};

function isReading({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** By HTTP Basic, or else by the session. A wrong password is never looked over because there is a session. */
function identify(request: FastifyRequest, { accounts, sessions, attempts, logger }: Access): Identified {
  const given = readBasic(request.headers.authorization);
  if (given === undefined) return { person: sessions.find(request.headers.cookie) };
  const attempt = { address: request.ip, user: given.user };
  const waitS = attempts.secondsToWait(attempt);
  if (waitS > 0) return { refusal: toManyAttempts(waitS) };
  const account = findAccount(accounts, given);
  if (account === undefined) {
    attempts.recordFailure(attempt);
    logger.warn({ address: request.ip }, 'A log-in to the dashboard failed.');
    return { refusal: NOT_LOGGED_IN };
  }
  attempts.recordSuccess(attempt);
  return {
    person: { name: account.user, role: account.role, formKey: `basic:${account.user}`, hasSession: false },
  };
}

export function toManyAttempts(waitS: number): Refusal {
  return {
    status: 429,
    message: `Too many log-ins failed. Try again in ${waitS} s.`,
    retryAfterS: waitS,
  };
}

/** The role of who asks, before any hook has run; whether they may come in is decided there. */
export function peekRole(request: IncomingMessage, { accounts, sessions }: Access): Role | undefined {
  const given = readBasic(request.headers.authorization);
  if (given !== undefined) return findAccount(accounts, given)?.role;
  return sessions.find(request.headers.cookie)?.role;
}

/** A browser that goes to a page is led to the log-in; programs are told. */
function wantsPage(request: FastifyRequest): boolean {
  return isReading(request) && request.headers.accept?.includes('text/html') === true;
}

function toLoginPath(request: FastifyRequest): string {
  const { originalUrl } = request;
  return originalUrl === '/' ? '/login' : `/login?next=${encodeURIComponent(originalUrl)}`;
}

export async function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
): Promise<FastifyReply> {
  // a browser would ask with a window of its own over a page of ours that fetches something
  if (refusal.status === 401 && request.headers['sec-fetch-site'] === undefined) {
    reply.header('www-authenticate', 'Basic realm="Edgeledger", charset="UTF-8"');
  }
  if (refusal.retryAfterS !== undefined) reply.header('retry-after', refusal.retryAfterS);
  return await reply.status(refusal.status).type('text/plain; charset=utf-8').send(`${refusal.message}\n`);
}
