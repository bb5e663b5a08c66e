export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './database.ts';
export { dumpSchema } from './dump-schema.ts';
