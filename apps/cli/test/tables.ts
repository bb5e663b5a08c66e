import type { Emulator } from '@edgeledger/emulator';
import type { TestDatabase } from '@edgeledger/testkit';

export const IMGIX_TABLES = [
  'cdn_logs',
  'image_analytics',
  'source_analytics',
  'mild_errors',
  'credit_analytics_daily',
  'credit_analytics_mtd',
] as const;

export const DATA_TABLES = [
  ...IMGIX_TABLES.map((table) => `imgix.${table}`),
  'akamai.endpoint_usage_by_time',
  'akamai.api_usage_details',
  'akamai.report_summaries',
];

/** The environment of design and README, pointed at the emulator. */
export function toEnvironment(
  emulator: Emulator,
  database: Pick<TestDatabase, 'connectionString'>,
): Record<string, string> {
  const { imgix, akamai } = emulator.credentials;
  return {
    DATABASE_URL: database.connectionString,
    IMGIX_API_KEY: imgix.apiKey,
    IMGIX_API_URL: emulator.imgixUrl,
    IMGIX_FILE_HOSTS: emulator.filesHost,
    AKAMAI_HOST: akamai.host,
    AKAMAI_CLIENT_TOKEN: akamai.clientToken,
    AKAMAI_CLIENT_SECRET: akamai.clientSecret,
    AKAMAI_ACCESS_TOKEN: akamai.accessToken,
    AKAMAI_API_URL: emulator.akamaiUrl,
    AKAMAI_ACCOUNT_IDS: emulator.scope.accountIds.join(','),
  };
}

/** A report's rows as text, in file order, blank for NULL; times and numbers in the vendor's spelling. */
export async function readReport(
  database: TestDatabase,
  table: string,
  columns: readonly string[],
  reportKey: string,
): Promise<string[][]> {
  const order = table.startsWith('credit_') ? 'source_id' : 'part, row_no';
  const fields = columns.map((column) => toVendorText(column));
  const rows = await database.query<{ fields: string[] }>(
    `SELECT ARRAY[${fields.join(', ')}] AS fields FROM imgix.${table} WHERE report_key = $1 ORDER BY ${order}`,
    [reportKey],
  );
  return rows.map((row) => row.fields);
}

function toVendorText(column: string): string {
  const name = `"${column}"`;
  if (column !== 'timestamp') return `coalesce(${name}::text, '')`;
  return `CASE WHEN pg_typeof(${name})::text = 'date' THEN coalesce(${name}::text, '')
    ELSE coalesce(to_char(${name}::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '') END`;
}

/** Every row of every data table with the transaction that wrote it. */
export async function readRowVersions(database: TestDatabase): Promise<Record<string, string[]>> {
  const versions: Record<string, string[]> = {};
  for (const table of DATA_TABLES) {
    const rows = await database.query<{ version: string }>(
      `SELECT xmin::text || ' ' || ctid::text || ' ' || t::text AS version FROM ${table} AS t ORDER BY 1`,
    );
    versions[table] = rows.map((row) => row.version);
  }
  return versions;
}
