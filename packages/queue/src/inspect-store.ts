import type { RedisClient } from './redis-client.ts';

/** What a person has to know of the queue's store. */
export type StoreFacts =
  | { readonly kind: 'postgres' }
  | {
      readonly kind: 'redis';
      readonly version: string;
      /** Jobs survive a restart only with it. */
      readonly isAofEnabled: boolean;
      /** Anything but `noeviction` lets Redis drop jobs when its memory is full. */
      readonly maxmemoryPolicy: string;
    };

/** Asks INFO alone: managed Redis servers refuse CONFIG. */
export async function inspectRedis(client: Pick<RedisClient, 'info'>): Promise<StoreFacts> {
  const info = await client.info();
  const read = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';
  return {
    kind: 'redis',
    version: read('redis_version'),
    isAofEnabled: read('aof_enabled') === '1',
    maxmemoryPolicy: read('maxmemory_policy'),
  };
}
