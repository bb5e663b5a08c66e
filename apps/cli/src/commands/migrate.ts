import { migrateQueue } from '@edgeledger/queue';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, printNote } from '../io.ts';
import { readSetup, withServices } from '../services.ts';

/** Applies migrations: the warehouse's, and the queue's tables when no Redis is configured. */
export async function runMigrateCommand(io: Io, options: { readonly json?: boolean }): Promise<number> {
  return withServices(
    readSetup(io),
    { role: 'migrate', announce: true, skipSchema: true },
    async ({ warehouse, config, databaseUrl }) => {
      const report = await warehouse.migrate();
      const usesPostgresQueue = config.redisUrl === undefined;
      if (usesPostgresQueue) await migrateQueue({ databaseUrl });
      const roles = await warehouse.assignRoles();
      if (options.json) {
        printJson(io, { ...report, queue: usesPostgresQueue ? 'migrated' : 'redis', roles: roles.kind });
        return EXIT.done;
      }
      for (const name of report.applied) printLine(io, `applied  ${name}`);
      printLine(
        io,
        report.applied.length === 0
          ? `The warehouse is up to date (version ${report.version}).`
          : `The warehouse is at version ${report.version}.`,
      );
      if (usesPostgresQueue) printLine(io, 'The queue tables (schema bullmq) are up to date.');
      if (roles.kind === 'skipped') {
        printNote(
          io,
          `Roles were not assigned (${roles.reason}); docs/security.md has the statements for it.`,
        );
      }
      return EXIT.done;
    },
  );
}
