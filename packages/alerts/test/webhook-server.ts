import { createServer } from 'node:http';

export interface WebhookServer {
  /** With a path that must show up nowhere. */
  readonly url: string;
  /** Parsed bodies, oldest first. */
  readonly received: Message[];
  /** Statuses of the next answers; then 200. 0 cuts the connection. */
  readonly answers: number[];
  close(): Promise<void>;
}

export interface Message {
  readonly [name: string]: unknown;
  readonly text: string;
  readonly summary: string;
  readonly id: string;
  readonly opened: number;
  readonly resolved: number;
  readonly omitted: number;
  readonly alerts: readonly {
    readonly [name: string]: unknown;
    readonly kind: string;
    readonly message: string;
  }[];
}

export const WEBHOOK_KEY = 'T0PLANTED/B0KEY/xoxb5ecret';

/** A receiver over a real socket. */
export async function createWebhookServer(): Promise<WebhookServer> {
  const received: Message[] = [];
  const answers: number[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const status = answers.shift() ?? 200;
      if (status === 0) {
        request.socket.destroy();
        return;
      }
      if (status === 200) received.push(JSON.parse(body));
      // a receiver may well repeat the address that failed
      response.writeHead(status).end(status === 200 ? 'ok' : `no: https://hooks.example${request.url}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/services/${WEBHOOK_KEY}`,
    received,
    answers,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
