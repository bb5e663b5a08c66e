import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import type { TestProject } from 'vitest/node';
import { CONTAINER_IMAGES, type ContainerImages } from './container-engine.ts';
import type {} from './database.ts';
import { until } from './queue-stores.ts';
import { ensureTemplate, withClient } from './test-server.ts';

const START_LIMIT_MS = 60_000;
const LOGIN = 'edgeledger';

/** Vitest's global setup: a Postgres and a Redis container for the whole project, gone after it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const images = project.name === 'containers-oldest' ? CONTAINER_IMAGES.oldest : CONTAINER_IMAGES.newest;
  const containers: StartedTestContainer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(containers.map((container) => container.stop()));
  };
  try {
    const [postgres, redis] = await start(images, containers);
    project.provide('testPostgresUrl', postgres);
    project.provide('testRedisUrl', redis);
    project.provide('testPostgresTemplate', await ensureTemplate(postgres));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function start(
  images: ContainerImages,
  containers: StartedTestContainer[],
): Promise<readonly [postgres: string, redis: string]> {
  const postgres = await new GenericContainer(images.postgres)
    .withEnvironment({ POSTGRES_USER: LOGIN, POSTGRES_PASSWORD: LOGIN, POSTGRES_DB: LOGIN })
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=300'])
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/))
    .start();
  containers.push(postgres);
  const redis = await new GenericContainer(images.redis)
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
  containers.push(redis);
  const url = `postgres://${LOGIN}:${LOGIN}@${postgres.getHost()}:${postgres.getMappedPort(5432)}/${LOGIN}`;
  const answers = () =>
    withClient(url, (client) => client.query('SELECT 1')).then(
      () => true,
      () => false,
    );
  // the first "ready" is of the server that sets the database up, which hears no TCP
  await until('the Postgres container answers', answers, START_LIMIT_MS);
  return [url, `redis://${redis.getHost()}:${redis.getMappedPort(6379)}`];
}
