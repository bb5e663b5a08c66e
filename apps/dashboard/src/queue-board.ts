import type { IncomingMessage } from 'node:http';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { RawQueue } from '@edgeledger/queue';
import type { Queue } from 'bullmq';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Access, peekRole, refuse, VIEWERS_LOOK } from './access/guard.ts';
import { toUnitPath } from './page/links.ts';
import type { Site } from './site.ts';

type ServerAdapter = Parameters<typeof createBullBoard>[0]['serverAdapter'];

const BASE_PATH = '/queues';
/** Where the board of viewers is; they see it at {@link BASE_PATH}. */
const VIEWER_PATH = '/viewer-queues';

/** The board's page asks a font server for its fonts; the fallback fonts serve as well, and nothing leaves. */
const FONT_LINK = /<link href="https:\/\/fonts\.googleapis\.com[^>]*>/g;

/** The same address shows a viewer a board without any button. For Fastify's `rewriteUrl`. */
export function toBoardUrl(request: IncomingMessage, access: Access): string {
  const url = request.url ?? '/';
  const rest = url.slice(BASE_PATH.length);
  if (!url.startsWith(BASE_PATH) || !/^(?:[/?]|$)/.test(rest)) return url;
  return peekRole(request, access) === 'viewer' ? `${VIEWER_PATH}${rest}` : url;
}

/** From a job to the page of its unit. */
export function toUnitLink(job: { readonly data?: unknown }): { displayText: string; href: string } {
  const data = (typeof job.data === 'object' && job.data !== null ? job.data : {}) as Record<string, unknown>;
  const { account, dataset, reportKey } = data;
  if (typeof account === 'string' && typeof dataset === 'string' && typeof reportKey === 'string') {
    return { displayText: `Report ${reportKey}`, href: toUnitPath({ account, dataset, reportKey }) };
  }
  return { displayText: 'Coverage', href: '/' };
}

/** Mounts Bull Board at `/queues` for queues of either BullMQ backend: one to act on, and one to look at. */
export async function registerQueueBoard(
  app: FastifyInstance,
  queues: readonly RawQueue[],
  site: Pick<Site, 'warehouse' | 'logger' | 'assets'>,
): Promise<void> {
  await registerBoard(app, queues, { path: BASE_PATH, isReadOnly: false }, site);
  await registerBoard(app, queues, { path: VIEWER_PATH, isReadOnly: true }, site);
}

async function registerBoard(
  app: FastifyInstance,
  queues: readonly RawQueue[],
  { path, isReadOnly }: { readonly path: string; readonly isReadOnly: boolean },
  site: Pick<Site, 'warehouse' | 'logger' | 'assets'>,
): Promise<void> {
  const serverAdapter = new FastifyAdapter();
  createBullBoard({
    // The queue package hides BullMQ's class, and the adapter's type names the Redis form of it; at run time
    // it accepts queues on Postgres as well.
    queues: queues.map(
      (queue) => new BullMQAdapter(queue as Queue, { readOnlyMode: isReadOnly, externalJobUrl: toUnitLink }),
    ),
    // the adapter is published against its own exact version of the api package, whose classes are the same
    // in content and, having private members, different in type
    serverAdapter: serverAdapter as unknown as ServerAdapter,
    options: {
      uiConfig: {
        boardTitle: isReadOnly ? 'Edgeledger queues (read-only)' : 'Edgeledger queues',
        hideDocsLink: true,
        boardLogo: { path: site.assets.icon, width: 20, height: 20 },
        favIcon: { default: site.assets.icon, alternative: site.assets.icon },
        miscLinks: [{ text: 'Coverage', url: '/' }],
      },
    },
  });
  serverAdapter.setBasePath(BASE_PATH);
  await app.register(
    async (board) => {
      board.addHook('onSend', async (_request, reply, payload) => {
        const isPage = String(reply.getHeader('content-type')).startsWith('text/html');
        if (!isPage || typeof payload !== 'string') return payload;
        const page = payload.replace(FONT_LINK, '');
        reply.header('content-length', Buffer.byteLength(page));
        return page;
      });
      if (!isReadOnly) {
        // whoever spells the path so that it was not led to their board
        board.addHook('onRequest', async (request, reply) => {
          if (request.person?.role === 'viewer') return await refuse(request, reply, VIEWERS_LOOK);
        });
        recordChanges(board, site);
      }
      await board.register(serverAdapter.registerPlugin());
    },
    { prefix: path },
  );
}

/** What people change on the board goes into the audit trail like everything else. */
function recordChanges(
  board: FastifyInstance,
  { warehouse, logger }: Pick<Site, 'warehouse' | 'logger'>,
): void {
  const begun = new WeakMap<FastifyRequest, string>();
  board.addHook('preHandler', async (request) => {
    if (request.method === 'GET' || request.method === 'HEAD' || request.person === undefined) return;
    const path = decodePath(request.url);
    const action = {
      person: request.person.name,
      kind: 'queue',
      details: { method: request.method, path },
    } as const;
    begun.set(request, await warehouse.actions.begin(action));
  });
  board.addHook('onResponse', async (request, reply) => {
    const actionId = begun.get(request);
    if (actionId === undefined) return;
    const isDone = reply.statusCode < 400;
    await warehouse.actions
      .finish(actionId, isDone ? 'done' : 'failed', `answered with ${reply.statusCode}`)
      .catch((error: unknown) => logger.error({ error }, 'The outcome of an action could not be recorded.'));
  });
}

function decodePath(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  try {
    return decodeURIComponent(path).replace('/queues/api/', '');
  } catch {
    return path;
  }
}
