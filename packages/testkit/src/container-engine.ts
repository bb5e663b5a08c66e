import { existsSync } from 'node:fs';
import { request } from 'node:http';

const ANSWER_LIMIT_MS = 3_000;
const SOCKET = '/var/run/docker.sock';

/** A set of images that the service tests run on. */
export interface ContainerImages {
  readonly postgres: string;
  readonly redis: string;
}

/** The oldest and the newest servers that are supported. */
export const CONTAINER_IMAGES = {
  oldest: { postgres: 'postgres:15', redis: 'redis:7' },
  newest: { postgres: 'postgres:18', redis: 'redis:8' },
} as const satisfies Record<string, ContainerImages>;

/**
 * Why the service tests cannot run on these images here; undefined when they can. Images are never pulled by a test: who
 * wants these tests pulls them before.
 */
export async function findContainerObstacle(
  images: ContainerImages,
  dockerHost: string | undefined,
): Promise<string | undefined> {
  const engine = toEngine(dockerHost);
  if (engine === undefined)
    return 'no container engine: DOCKER_HOST is not set and there is no /var/run/docker.sock';
  for (const image of Object.values(images)) {
    const status = await ask(engine, `/images/${image}/json`);
    if (status === undefined) return 'the container engine does not answer';
    if (status !== 200) return `no image ${image} here; "docker pull ${image}" gets it`;
  }
  return undefined;
}

function toEngine(dockerHost: string | undefined): object | undefined {
  if (dockerHost === undefined || dockerHost === '')
    return existsSync(SOCKET) ? { socketPath: SOCKET } : undefined;
  const url = URL.parse(dockerHost);
  if (url === null) return undefined;
  return url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port };
}

function ask(engine: object, path: string): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const asked = request({ ...engine, path, timeout: ANSWER_LIMIT_MS }, (answer) => {
    answer.resume();
    resolve(answer.statusCode);
  });
  asked.on('timeout', () => asked.destroy());
  asked.on('error', () => resolve(undefined));
  asked.end();
  return promise;
}
