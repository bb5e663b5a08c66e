import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase } from './database.ts';
import { toDatabaseUrl, withClient } from './test-server.ts';

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'security.md');
const PASSWORD = 'for-this-test-only';

/** A database with the users that docs/security.md makes. */
export interface DocumentedDatabase extends AsyncDisposable {
  readonly ownerUrl: string;
  readonly loaderUrl: string;
  readonly readerUrl: string;
  /** As a superuser, who is none of the three. */
  query(text: string): Promise<readonly unknown[]>;
}

/** Runs the statements of the page as they are, apart from names: roles are the whole server's, and tests share one. */
export async function createDocumentedDatabase(): Promise<DocumentedDatabase> {
  const suffix = randomBytes(5).toString('hex');
  const name = `test_${Math.floor(Date.now() / 1000)}_${suffix}`;
  const logins = { owner: `owner_${suffix}`, app: `app_${suffix}`, analyst: `analyst_${suffix}` };
  const rename = (sql: string): string =>
    sql
      // the roles that they are members of have the names that the product knows, and are there
      .replaceAll(/^CREATE ROLE edgeledger_(?:loader|reader) .*$/gm, '')
      .replaceAll(/--.*$/gm, '')
      .replaceAll('edgeledger_owner', logins.owner)
      .replaceAll('edgeledger_app', logins.app)
      .replaceAll(/\banalyst\b/g, logins.analyst)
      .replaceAll(/DATABASE edgeledger\b/g, `DATABASE ${name}`)
      .replaceAll("'…'", `'${PASSWORD}'`);
  const [once = '', inDatabase = ''] = readBlocks().map(rename);
  // any database of the server will do for the first ones
  const anyDatabase = await createTestDatabase({ empty: true });
  for (const statement of once.split(';').filter((text) => text.trim() !== ''))
    await anyDatabase.query(statement);
  const connectionString = toDatabaseUrl(anyDatabase.connectionString, name);
  await withClient(connectionString, (client) => client.query(inDatabase));
  const urlOf = (user: string): string => {
    const url = new URL(connectionString);
    url.username = user;
    url.password = PASSWORD;
    return url.href;
  };
  return {
    ownerUrl: urlOf(logins.owner),
    loaderUrl: urlOf(logins.app),
    readerUrl: urlOf(logins.analyst),
    query: (text) => withClient(connectionString, async (client) => (await client.query(text)).rows),
    [Symbol.asyncDispose]: async () => {
      await anyDatabase.query(`DROP DATABASE ${name} WITH (FORCE)`);
      for (const login of Object.values(logins)) await anyDatabase.query(`DROP ROLE ${login}`);
      await anyDatabase.drop();
    },
  };
}

/** The blocks of SQL under the heading of roles. */
function readBlocks(): string[] {
  const section =
    readFileSync(PAGE, 'utf8')
      .split(/^## /m)
      .find((text) => text.startsWith('Roles\n')) ?? '';
  return [...section.matchAll(/```sql\n(.*?)```/gs)].map(([, block = '']) => block);
}
