import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { isBoardPath } from './security.ts';

const compress = promisify(gzip);
const SMALLEST = 1_000;

/**
 * Pages are mostly repetition: a year of cells takes a tenth. What is secret on them, the form's token, is another
 * text every time, so that the size tells nothing of it.
 */
export function registerCompression(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const isPage = /^text\/(?:html|css|javascript)/.test(String(reply.getHeader('content-type')));
    const accepts = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(
      String(request.headers['accept-encoding'] ?? ''),
    );
    const isText = typeof payload === 'string' || Buffer.isBuffer(payload);
    if (!isPage || !accepts || !isText || payload.length < SMALLEST || isBoardPath(request.url))
      return payload;
    const small = await compress(payload, { level: 5 });
    reply.headers({ 'content-encoding': 'gzip', 'content-length': small.length, vary: 'accept-encoding' });
    return small;
  });
}
