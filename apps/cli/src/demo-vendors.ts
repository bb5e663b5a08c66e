import { once } from 'node:events';
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import { ConfigError, type Logger, Secret } from '@edgeledger/core';
import type { EmulatorFacts } from '@edgeledger/emulator';
import { toDemoSources } from './demo-sources.ts';
import { printNote } from './io.ts';
import type { Setup } from './services.ts';

const ANSWER_LIMIT_MS = 5_000;
const LOGIN = 'demo';

/** What a setup becomes with emulated vendors; the relay closes with the stack. */
export interface DemoVendors extends AsyncDisposable {
  readonly setup: Setup;
}

/**
 * The emulated vendors of another container as sources, while no source is configured: what `docker compose
 * --profile demo up` shows. Credentials go to loopback over plain http only, and that rule has no exception here: a relay
 * takes what is sent to the emulators' ports on loopback to their container. Without sources and emulators the
 * setup stays as it is, and its missing sources are told as always.
 */
export async function withDemoVendors(
  setup: Setup,
  options: { readonly servesPages: boolean },
): Promise<DemoVendors> {
  const { config, io, logger } = setup;
  await using stack = new AsyncDisposableStack();
  const place = config.sources.length === 0 ? config.demo : undefined;
  const facts = place === undefined ? undefined : await askEmulators(place, logger);
  if (place === undefined || facts === undefined) {
    return { setup, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const { host } = splitPlace(place);
  for (const address of [facts.imgixUrl, facts.akamaiUrl, `http://${facts.filesHost}`]) {
    const relay = await openRelay(host, Number(new URL(address).port));
    if (relay !== undefined) stack.defer(() => closeRelay(relay));
  }
  const { user = LOGIN, password = new Secret(LOGIN) } = config.dashboard;
  printNote(io, `No source is configured: showing emulated vendors at ${host} (account "demo").`);
  if (options.servesPages && config.dashboard.user === undefined)
    printNote(io, `Sign in to the dashboard as ${LOGIN} / ${LOGIN}.`);
  const owned = stack.move();
  return {
    setup: {
      ...setup,
      config: {
        ...config,
        sources: toDemoSources(facts),
        dashboard: { ...config.dashboard, user, password },
      },
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function splitPlace(place: string): { readonly host: string; readonly port: number } {
  const url = URL.parse(`tcp://${place}`);
  if (url === null || url.port === '') {
    throw new ConfigError('config.invalid', `EDGELEDGER_DEMO: "${place}" is not host:port.`);
  }
  return { host: url.hostname, port: Number(url.port) };
}

/** Undefined when nobody is there: the profile is not active. */
async function askEmulators(place: string, logger: Logger): Promise<EmulatorFacts | undefined> {
  const { host, port } = splitPlace(place);
  // of no use to a process with sources of its own
  const { FACTS_PATH, parseFacts } = await import('@edgeledger/emulator');
  try {
    const answer = await fetch(`http://${host}:${port}${FACTS_PATH}`, {
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    return parseFacts(await answer.json());
  } catch (error) {
    logger.debug({ place, error: error instanceof Error ? error.message : '' }, 'no emulated vendors there');
    return undefined;
  }
}

/** Undefined when another process of this container relays already. */
async function openRelay(host: string, port: number): Promise<Relay | undefined> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = openSocket({ host, port });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      // a broken relay is a broken connection to whoever asked: the caller's retry
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return { server, sockets };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

interface Relay {
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
}

async function closeRelay({ server, sockets }: Relay): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
