import {
  ConfigError,
  ContractError,
  EdgeledgerError,
  type ErrorCode,
  InvariantError,
  isAbortError,
  TransientError,
  toEdgeledgerError,
} from '@edgeledger/core';

/** Where a message says the database is; never with a password. */
export type DatabaseLabel = string;

interface Translation {
  readonly code: Extract<
    ErrorCode,
    | 'warehouse.unavailable'
    | 'warehouse.conflict'
    | 'warehouse.auth-rejected'
    | 'warehouse.not-migrated'
    | 'file.malformed'
  >;
  readonly advice: string;
}

const CONFLICT: Translation = {
  code: 'warehouse.conflict',
  advice: 'Somebody else holds what is needed; it is tried again.',
};
const UNAVAILABLE: Translation = {
  code: 'warehouse.unavailable',
  advice: 'Check that the server runs and accepts connections.',
};
const REFUSED: Translation = {
  code: 'warehouse.auth-rejected',
  advice: 'Check user, password and database in DATABASE_URL, and the rights of that user.',
};
const BAD_CONTENT: Translation = {
  code: 'file.malformed',
  advice: 'The report holds something that its table cannot; look at the column that is named.',
};
const NOT_MIGRATED: Translation = {
  code: 'warehouse.not-migrated',
  advice: 'Run `edgeledger migrate`.',
};

/** SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) or its two-letter class. */
const BY_SQLSTATE: Readonly<Record<string, Translation>> = {
  '08': UNAVAILABLE,
  // a standby, or a primary that is being switched over: writable again soon, here or elsewhere
  '25006': UNAVAILABLE,
  // the server ended an idle session
  '25P03': UNAVAILABLE,
  '25P04': UNAVAILABLE,
  '57P': UNAVAILABLE,
  '53': UNAVAILABLE,
  '58': UNAVAILABLE,
  // an internal error of the server's, such as two that change one row of its catalog at once
  XX000: CONFLICT,
  '28': REFUSED,
  '3D000': REFUSED,
  '42501': REFUSED,
  '40': CONFLICT,
  '55P03': CONFLICT,
  '55006': CONFLICT,
  '57014': CONFLICT,
  '22': BAD_CONTENT,
  '54': BAD_CONTENT,
  '42P01': NOT_MIGRATED,
  '42703': NOT_MIGRATED,
  '3F000': NOT_MIGRATED,
};

/** Codes of Node's sockets and of the driver's own "the connection is gone". */
const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'ECONNABORTED',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);
const DRIVER_GONE =
  /Connection terminated|timeout expired|timeout exceeded|not queryable|Client has encountered a connection error|Client was closed|server does not support SSL|SSL/i;

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** The SQLSTATE of an error that Postgres sent, if it is one. */
export function findSqlState(thrown: unknown): string | undefined {
  const code = codeOf(thrown);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !SOCKET_CODES.has(code) ? code : undefined;
}

function findTranslation(thrown: unknown): Translation | undefined {
  const sqlState = findSqlState(thrown);
  if (sqlState !== undefined) {
    return BY_SQLSTATE[sqlState] ?? BY_SQLSTATE[sqlState.slice(0, 3)] ?? BY_SQLSTATE[sqlState.slice(0, 2)];
  }
  const code = codeOf(thrown);
  if (code !== undefined && SOCKET_CODES.has(code)) return UNAVAILABLE;
  // several addresses of one host name were tried, and each refused
  if (thrown instanceof AggregateError && thrown.errors.some((one) => SOCKET_CODES.has(codeOf(one) ?? ''))) {
    return UNAVAILABLE;
  }
  return thrown instanceof Error && DRIVER_GONE.test(thrown.message) ? UNAVAILABLE : undefined;
}

function describe(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') {
    return thrown.errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
  }
  if (!(thrown instanceof Error)) return String(thrown);
  // for COPY Postgres says there which line and column
  const where =
    'where' in thrown && typeof thrown.where === 'string' ? /line \d+, column \S+/.exec(thrown.where) : null;
  return where === null ? thrown.message : `${thrown.message} (${where[0].replace(/:$/, '')})`;
}

/** The same of an error that came when the connection was gone: unless somebody said what it means, it means that. */
export function fromLostConnection(thrown: unknown, doing: string, database: DatabaseLabel): Error {
  if (thrown instanceof EdgeledgerError || findTranslation(thrown) !== undefined) {
    return fromPostgresError(thrown, doing, database);
  }
  if (thrown instanceof Error && isAbortError(thrown)) return thrown;
  return new TransientError(
    'warehouse.unavailable',
    `${doing}: the connection to Postgres at ${database} was lost (${describe(thrown)}). ${UNAVAILABLE.advice}`,
    { cause: thrown, context: { sqlState: '' } },
  );
}

/**
 * What a driver error means for us. `doing` says what was going on ("publishing default/imgix.cdn_logs/…"),
 * `database` where. Errors that are ours already pass unchanged; what nobody knows is our bug.
 */
export function fromPostgresError(thrown: unknown, doing: string, database: DatabaseLabel): Error {
  if (thrown instanceof EdgeledgerError) return thrown;
  // somebody stopped the work; that is no failure of it
  if (thrown instanceof Error && isAbortError(thrown)) return thrown;
  const translation = findTranslation(thrown);
  if (translation === undefined) {
    if (findSqlState(thrown) === undefined) return toEdgeledgerError(thrown);
    return new InvariantError(
      `${doing}: Postgres at ${database} answered "${describe(thrown)}". Please report it.`,
      {
        cause: thrown,
        context: { sqlState: findSqlState(thrown) ?? '' },
      },
    );
  }
  const message = `${doing}: Postgres at ${database}: ${describe(thrown)}. ${translation.advice}`;
  const options = { cause: thrown, context: { sqlState: findSqlState(thrown) ?? '' } };
  switch (translation.code) {
    case 'warehouse.unavailable':
    case 'warehouse.conflict':
      return new TransientError(translation.code, message, options);
    case 'warehouse.auth-rejected':
    case 'warehouse.not-migrated':
      return new ConfigError(translation.code, message, options);
    case 'file.malformed':
      return new ContractError(translation.code, message, options);
  }
}

/** Runs work at a database; what the driver says of a failure becomes one of our errors. */
export function createTranslator(
  database: DatabaseLabel,
): <Result>(doing: string, work: () => Promise<Result>) => Promise<Result> {
  return async (doing, work) => {
    try {
      return await work();
    } catch (error) {
      throw fromPostgresError(error, doing, database);
    }
  };
}
