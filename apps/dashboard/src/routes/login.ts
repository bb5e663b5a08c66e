import type { FastifyInstance, FastifyRequest } from 'fastify';
import { toManyAttempts } from '../access/guard.ts';
import { findAccount } from '../access/people.ts';
import { renderLoginPage } from '../page/login-page.ts';
import { readText, type Site, sendPage, toFrame } from '../site.ts';

/** A path of this site and of no other: `//host` and `/\host` would lead away. It becomes a header, and those are ASCII. */
export function toLocalPath(text: string): string {
  return /^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(text) ? text : '/';
}

/** Behind a proxy that ends TLS, the proxy says so; a lie only costs the liar the cookie. */
function isSecure(request: FastifyRequest): boolean {
  return request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https';
}

export function registerLogin(app: FastifyInstance, site: Site): void {
  const { accounts, attempts, sessions, logger } = site.access;
  app.get('/login', { config: { isOpen: true } }, async (request, reply) => {
    const next = toLocalPath(readText(request.query, 'next'));
    if (request.person !== undefined) return await reply.redirect(next, 303);
    return await sendPage(
      reply,
      renderLoginPage(toFrame(site, request), { next, problem: undefined, user: '' }),
    );
  });

  app.post('/login', { config: { isOpen: true, takesFromViewers: true } }, async (request, reply) => {
    const next = toLocalPath(readText(request.body, 'next'));
    const user = readText(request.body, 'user', 200);
    // a password may begin or end with a blank, so it is taken as it is
    const given = (request.body as Record<string, unknown> | undefined)?.password;
    const password = typeof given === 'string' ? given : '';
    const attempt = { address: request.ip, user };
    const answer = async (status: number, problem: string) =>
      await sendPage(reply, renderLoginPage(toFrame(site, request), { next, problem, user }), status);
    const waitS = attempts.secondsToWait(attempt);
    if (waitS > 0) {
      reply.header('retry-after', waitS);
      return await answer(429, toManyAttempts(waitS).message);
    }
    const account = findAccount(accounts, { user, password });
    if (account === undefined) {
      attempts.recordFailure(attempt);
      logger.warn({ address: request.ip }, 'A log-in to the dashboard failed.');
      return await answer(401, 'User or password is wrong.');
    }
    attempts.recordSuccess(attempt);
    logger.info({ user: account.user, role: account.role }, 'Somebody logged in to the dashboard.');
    return await reply.header('set-cookie', sessions.open(account, isSecure(request))).redirect(next, 303);
  });

  app.post('/logout', { config: { takesFromViewers: true } }, async (request, reply) => {
    const { person } = request;
    if (person === undefined || !sessions.isFormToken(person, readText(request.body, 'form_token'))) {
      return await reply.redirect('/', 303);
    }
    return await reply.header('set-cookie', sessions.end(request.headers.cookie)).redirect('/login', 303);
  });
}
