import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { RawQueue } from '@edgeledger/queue';
import type { Queue } from 'bullmq';
import type { FastifyInstance } from 'fastify';

type ServerAdapter = Parameters<typeof createBullBoard>[0]['serverAdapter'];

const BASE_PATH = '/queues';

/** The board's page asks a font server for its fonts; the fallback fonts serve as well, and nothing leaves. */
const FONT_LINK = /<link href="https:\/\/fonts\.googleapis\.com[^>]*>/g;

/** Mounts Bull Board at `/queues` for queues of either BullMQ backend. */
export async function registerQueueBoard(app: FastifyInstance, queues: readonly RawQueue[]): Promise<void> {
  const serverAdapter = new FastifyAdapter();
  createBullBoard({
    // The queue package hides BullMQ's class, and the adapter's type names the Redis form of it; at run time
    // it accepts queues on Postgres as well.
    queues: queues.map((queue) => new BullMQAdapter(queue as Queue)),
    // the adapter is published against its own exact version of the api package, whose classes are the same
    // in content and, having private members, different in type
    serverAdapter: serverAdapter as unknown as ServerAdapter,
    options: { uiConfig: { boardTitle: 'Edgeledger queues', hideDocsLink: true } },
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
      await board.register(serverAdapter.registerPlugin());
    },
    { prefix: BASE_PATH },
  );
}
