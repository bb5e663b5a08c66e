import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLoopbackHost } from './access/people.ts';

/** Our pages have one style sheet and one script, both from here, and nothing in the page itself runs. */
const PAGE_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
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

export function isBoardPath(url: string): boolean {
  return /^\/(?:viewer-)?queues(?:[/?]|$)/.test(url);
}

export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({
    'content-security-policy': isBoardPath(request.url) ? BOARD_POLICY : PAGE_POLICY,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  });
}

/** A browser names the page that a request comes from: only our own may change anything. */
export function isForeignChange(request: FastifyRequest): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return false;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = request.headers;
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== request.host);
}

/**
 * Another site may lead here by a link, and no more. What its pages fetch, show as an image or frame would make us work and
 * try passwords while nobody sees a page of ours. Programs that are no browser do not say where a request comes from.
 */
export function isForeignFetch(request: FastifyRequest): boolean {
  const { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': target } = request.headers;
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  return mode !== 'navigate' || (target !== undefined && target !== 'document');
}

/**
 * Without a password only the address protects the dashboard; a foreign page whose name resolves to loopback
 * (DNS rebinding) would get through, but it cannot choose the Host header.
 */
export function isForeignName(request: FastifyRequest): boolean {
  // the whole header: a blank one, or a name after a port, is nobody's of ours
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(request.headers.host ?? '')?.[1] ?? '';
  return !isLoopbackHost(name);
}
