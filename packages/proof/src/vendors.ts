import { createEmulator, type Emulator } from '@edgeledger/emulator';

/** Both vendors, with a way to issue a report again that gives every time the same id. */
export interface Vendors extends AsyncDisposable {
  readonly emulator: Emulator;
  /** Issues the logs of the second day again with figures that are so many times as large. */
  reviseLogs(factor: number): void;
}

const DAY_MS = 86_400_000;

/** The two days that are loaded, old enough to be final and to differ in nothing but their content. */
export function proofDays(now: Date): readonly [string, string] {
  const day = (ago: number): string => new Date(now.getTime() - ago * DAY_MS).toISOString().slice(0, 10);
  return [day(4), day(3)];
}

/** Rows of one file of cdn_logs: five files a day, only the first with a header. */
const ROWS_PER_FILE = 90;

export interface VendorOptions {
  readonly seed: number;
  /** Mean rows of cdn_logs per day. */
  readonly rowsPerDay?: number;
}

/**
 * Both vendors with everything that a load can meet: reports of several files, an answer that is cut at the vendor's
 * limit, records that are rejected, a column that nobody knows, records that share an identity. Two of them with one
 * seed tell the same.
 */
export async function openVendors({ seed, rowsPerDay = 420 }: VendorOptions): Promise<Vendors> {
  let fixed: Date | undefined;
  const emulator = await createEmulator({
    seed,
    // the instant of a revision becomes part of its id
    now: () => fixed ?? new Date(),
    historyDays: 30,
    volume: { cdnLogRowsPerDay: rowsPerDay, imagesPerSource: 20 },
    imgix: {
      partMaxRows: Math.max(ROWS_PER_FILE, Math.ceil(rowsPerDay / 5)),
      headerInEveryPart: false,
      requestsPerSecond: 0,
    },
    akamai: { detailsPerDay: 300, detailsLimit: 250, requestsPerMinute: 0 },
  });
  const [first, second] = proofDays(new Date());
  const key = (report: string, day: string): string => `${report}_${day.replaceAll('-', '')}`;
  const revise = (revision: Parameters<Emulator['revise']>[0]): void => {
    fixed = new Date(Date.parse(`${second}T00:00:00Z`) + 2 * DAY_MS);
    emulator.revise(revision);
    fixed = undefined;
  };
  revise({ reportKey: key('cdn_logs', second), edit: withRejects });
  revise({ reportKey: key('source_analytics', first), edit: withNewColumn });
  revise({ reportKey: key('credit_analytics_daily', second), edit: withDuplicate });
  return {
    emulator,
    reviseLogs: (factor) => revise({ reportKey: key('cdn_logs', second), factor }),
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

interface Table {
  columns: string[];
  rows: string[][];
}

/** Two records of several hundred: below the threshold above which a report is refused. */
function withRejects({ columns, rows }: Table): Table {
  const time = columns.indexOf('timestamp');
  const broken = rows.map((row, index) =>
    index === 30 || index === 250 ? row.map((field, column) => (column === time ? 'soon' : field)) : row,
  );
  return { columns, rows: broken };
}

function withNewColumn({ columns, rows }: Table): Table {
  return { columns: [...columns, 'mystery'], rows: rows.map((row, index) => [...row, `m${index}`]) };
}

function withDuplicate({ columns, rows }: Table): Table {
  return { columns, rows: [...rows, ...rows.slice(0, 1)] };
}

/** The environment of the README that points the product at these vendors. */
export function toVendorEnvironment(emulator: Emulator): Record<string, string> {
  const { imgix, akamai } = emulator.credentials;
  return {
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
