export { CHROMIUM_ARGUMENTS, findChromium, NO_CHROMIUM } from './chromium.ts';
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './database.ts';
export { createDocumentedDatabase, type DocumentedDatabase } from './documented-roles.ts';
export { dbtSourcesFile, dumpDbtSources } from './dump-dbt.ts';
export { dictionaryFile, dumpDictionary } from './dump-dictionary.ts';
export { dumpSchema } from './dump-schema.ts';
export { describeOnStores, type TestStore, until } from './queue-stores.ts';
export {
  findFreePort,
  findRedisServer,
  type RedisServer,
  sendToRedis,
  startRedisServer,
} from './redis-server.ts';
export {
  type RedisSentinels,
  type RedisTopology,
  startRedisCluster,
  startRedisSentinels,
} from './redis-topology.ts';
export { trySql, withClient } from './test-server.ts';
