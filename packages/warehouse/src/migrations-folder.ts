import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvariantError } from '@edgeledger/core';

export interface MigrationFile {
  /** The number in front of the name. */
  readonly version: number;
  /** The file name without `.sql`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text, hex; line ends do not count, because a checkout may change them. */
  readonly checksum: string;
}

const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** `migrations/` at the root of the repository, wherever the process was started. */
export function migrationsFolder(): string {
  return fileURLToPath(new URL('../../../migrations', import.meta.url));
}

/** All migrations, oldest first. `schema.sql` is a dump, not one of them. */
export async function readMigrations(folder: string): Promise<readonly MigrationFile[]> {
  const names = (await readdir(folder))
    .filter((name) => name.endsWith('.sql') && name !== 'schema.sql')
    .sort();
  const files: MigrationFile[] = [];
  for (const name of names) {
    const match = FILE_NAME.exec(name);
    const version = Number(match?.[1]);
    if (match === null || version <= (files.at(-1)?.version ?? 0)) {
      throw new InvariantError(
        `migrations/${name} is out of line: files are called 0001_name.sql, one for each number.`,
      );
    }
    const sql = (await readFile(path.join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
    const checksum = createHash('sha256').update(sql).digest('hex');
    files.push({ version, name: name.slice(0, -'.sql'.length), sql, checksum });
  }
  return files;
}
