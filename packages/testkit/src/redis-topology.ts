import { until } from './queue-stores.ts';
import { findFreePort, type RedisNode, sendToRedis, startRedisNode } from './redis-server.ts';

/** Several Redis servers that are one to a client. */
export interface RedisTopology {
  /** What `REDIS_URL` is for it. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface RedisSentinels extends RedisTopology {
  killPrimary(): Promise<void>;
}

const SLOTS = 16_384;
const FORMING_LIMIT_MS = 30_000;

const ask = (port: number, ...command: string[]): Promise<string> =>
  sendToRedis(`redis://127.0.0.1:${port}`, command);

/** Three primaries that share the slots, as the smallest Redis Cluster is. */
export async function startRedisCluster(binary: string): Promise<RedisTopology> {
  const nodes: RedisNode[] = [];
  const busPorts: number[] = [];
  for (let index = 0; index < 3; index += 1) {
    const busPort = await findFreePort();
    busPorts.push(busPort);
    nodes.push(
      await startRedisNode(binary, [
        ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
        ...['--cluster-node-timeout', '2000', '--cluster-config-file', 'nodes.conf'],
      ]),
    );
  }
  for (const [index, { port }] of nodes.entries()) {
    const first = Math.ceil((SLOTS / nodes.length) * index);
    const last = Math.ceil((SLOTS / nodes.length) * (index + 1)) - 1;
    await ask(port, 'CLUSTER', 'ADDSLOTSRANGE', String(first), String(last));
    if (index > 0) {
      const [firstNode] = nodes;
      await ask(port, 'CLUSTER', 'MEET', '127.0.0.1', String(firstNode?.port), String(busPorts[0]));
    }
  }
  for (const { port } of nodes) {
    const isFormed = async () => (await ask(port, 'CLUSTER', 'INFO')).includes('cluster_state:ok');
    await until('the cluster is formed', isFormed, FORMING_LIMIT_MS);
  }
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

/** A primary, a replica and three sentinels, of which two must agree that the primary is gone. */
export async function startRedisSentinels(binary: string): Promise<RedisSentinels> {
  const primary = await startRedisNode(binary, ['--maxmemory-policy', 'noeviction']);
  const replica = await startRedisNode(binary, [
    ...['--maxmemory-policy', 'noeviction', '--replicaof', `127.0.0.1 ${primary.port}`],
  ]);
  const config = [
    `sentinel monitor edgeledger 127.0.0.1 ${primary.port} 2`,
    'sentinel down-after-milliseconds edgeledger 1000',
    'sentinel failover-timeout edgeledger 4000',
    '',
  ].join('\n');
  const sentinels: RedisNode[] = [];
  for (let index = 0; index < 3; index += 1) sentinels.push(await startRedisNode(binary, [], config));
  for (const { port } of sentinels) {
    const isInformed = async () => {
      const answer = await ask(port, 'SENTINEL', 'MASTER', 'edgeledger');
      return /num-slaves\r\n\$1\r\n1/.test(answer) && /num-other-sentinels\r\n\$1\r\n2/.test(answer);
    };
    await until('the sentinels know each other and the replica', isInformed, FORMING_LIMIT_MS);
  }
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/edgeledger`,
    killPrimary: () => primary.stop(),
    stop: async () => {
      await Promise.all([...sentinels, replica, primary].map((node) => node.stop()));
    },
  };
}
