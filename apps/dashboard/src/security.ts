import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '@edgeledger/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STYLE } from './page/style.ts';

/** Routes that an orchestrator asks without credentials. */
const OPEN_ROUTES: readonly (string | undefined)[] = ['/healthz', '/readyz'];

const styleHash = createHash('sha256').update(STYLE).digest('base64');

/** Our pages have one style sheet, one icon, links, and nothing that runs. */
const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Bull Board is a React application with styles in elements; its link to a font server is not followed. */
const BOARD_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

function isBoard(request: FastifyRequest): boolean {
  return /^\/queues(?:[/?]|$)/.test(request.url);
}

export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({
    'content-security-policy': isBoard(request) ? BOARD_POLICY : PAGE_POLICY,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  });
}

export function isLoopbackHost(host: string): boolean {
  const plain = host.toLowerCase().replace(/^\[|\]$/g, '');
  return plain === 'localhost' || plain === '::1' || /^127(?:\.\d{1,3}){3}$/.test(plain);
}

export interface Credentials {
  readonly user: string;
  readonly password: Secret;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** RFC 7617. Digests are compared, so that time tells neither content nor length. */
function isAuthenticated(header: string | undefined, credentials: Credentials): boolean {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header ?? '')?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const isUser = timingSafeEqual(digest(text.slice(0, Math.max(0, colon))), digest(credentials.user));
  const isPassword = timingSafeEqual(digest(text.slice(colon + 1)), digest(credentials.password.reveal()));
  return colon !== -1 && isUser && isPassword;
}

/** A browser names the page that a request comes from: only our own may change anything. */
function isForeignChange(request: FastifyRequest): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return false;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = request.headers;
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== request.host);
}

/**
 * Without a password only the address protects the dashboard; a foreign page whose name resolves to loopback
 * (DNS rebinding) would get through, but it cannot choose the Host header.
 */
function isForeignName(request: FastifyRequest): boolean {
  return !isLoopbackHost(request.hostname);
}

/** Who may not go on, and with what answer. */
export function findRefusal(
  request: FastifyRequest,
  credentials: Credentials | undefined,
): { readonly status: 401 | 403; readonly message: string } | undefined {
  if (OPEN_ROUTES.includes(request.routeOptions.url)) return undefined;
  if (credentials !== undefined && !isAuthenticated(request.headers.authorization, credentials)) {
    return { status: 401, message: 'Sign in with DASHBOARD_USER and DASHBOARD_PASSWORD.' };
  }
  if (credentials === undefined && isForeignName(request)) {
    return {
      status: 403,
      message:
        'Without a password the dashboard answers to localhost only. Set DASHBOARD_USER and DASHBOARD_PASSWORD to use another name.',
    };
  }
  if (isForeignChange(request)) return { status: 403, message: 'Changes are accepted from this site only.' };
  return undefined;
}
