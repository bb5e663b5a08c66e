import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
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
  const options = [
    '--databases',
    String(databases),
    ...(password === undefined ? [] : ['--requirepass', password]),
  ];
  const node = await startRedisNode(binary, ['--maxmemory-policy', 'noeviction', ...options]);
  return {
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${node.port}`,
    command: (text) => sendCommand(node.port, text),
    restart: node.restart,
    stop: node.stop,
  };
}

export interface RedisNode {
  readonly port: number;
  /** Kills it and starts it again, on the same port and empty. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A `redis-server` with these options besides port, address and folder. Sentinels read theirs from a file. */
export async function startRedisNode(
  binary: string,
  options: readonly string[],
  sentinelConfig?: string,
): Promise<RedisNode> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeledger-redis-'));
  const port = await findFreePort();
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const parameters =
    sentinelConfig === undefined
      ? [...place, '--save', '', '--appendonly', 'no', ...options]
      : [await writeConfig(folder, sentinelConfig), '--sentinel', ...place, ...options];
  const start = async (): Promise<ChildProcess> => {
    const started = spawn(binary, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
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
    port,
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

async function writeConfig(folder: string, text: string): Promise<string> {
  const file = join(folder, 'redis.conf');
  await writeFile(file, text);
  return file;
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
    if (/Ready to accept connections|Sentinel ID is/.test(output)) resolve();
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

/** Sends one command as an array of texts and gives the raw answer; for what no client of the product does. */
export async function sendToRedis(url: string, command: readonly string[]): Promise<string> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const database = pathname.slice(1);
  if (database !== '') {
    socket.write(toRequest(['SELECT', database]));
    await once(socket, 'data');
  }
  socket.write(toRequest(command));
  try {
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString();
  } finally {
    socket.destroy();
  }
}

function toRequest(command: readonly string[]): string {
  const parts = command.map((text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`).join('');
  return `*${command.length}\r\n${parts}`;
}
