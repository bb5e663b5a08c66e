import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface RedisServer {
  readonly url: string;
  /** Sends one command, gives the first line of the answer. */
  command(text: string): Promise<string>;
  /** Kills it and starts it again on the same port, empty; resolves when it is back. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The path of `redis-server`, when this machine has one. */
export async function findRedisServer(path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, 'redis-server');
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  return undefined;
}

export interface RedisOptions {
  readonly password?: string;
  /** How many numbered databases it has. Default 16. */
  readonly databases?: number;
}

/** A Redis of its own on a free port with its own folder. */
export async function startRedisServer(
  binary: string,
  { password, databases = 16 }: RedisOptions = {},
): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeledger-redis-'));
  const port = await findFreePort();
  const start = async (): Promise<ChildProcess> => {
    const started = spawn(
      binary,
      [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
        ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
        ...['--databases', String(databases)],
        ...(password === undefined ? [] : ['--requirepass', password]),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await untilReady(started);
    return started;
  };
  let server = await start();
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  };
  return {
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    command: (text) => sendCommand(port, text),
    restart: async () => {
      await kill();
      server = await start();
    },
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Inline, as one types it: https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands */
async function sendCommand(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(`${text}\r\n`);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    return chunk.toString().split('\r\n')[0] ?? '';
  } finally {
    socket.destroy();
  }
}

async function untilReady(server: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let output = '';
  server.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes('Ready to accept connections')) resolve();
  });
  server.once('error', reject);
  server.once('exit', () => reject(new Error(`redis-server ended: ${output}`)));
  await promise;
}

export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
