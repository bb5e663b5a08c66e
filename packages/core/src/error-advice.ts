import type { ErrorCode } from './errors.ts';

/**
 * What a person does about each code, for pages that have room for it; the message itself says what was found.
 * Shown where a unit failed, so it speaks to whoever wonders why a day is missing.
 */
export const ERROR_ADVICE = {
  'source.unavailable':
    'The vendor did not answer. It is tried again by itself, at growing intervals; look at the vendor’s status page when it lasts.',
  'source.timeout': 'The vendor took too long. It is tried again by itself; nothing needs to be done.',
  'source.truncated': 'The file ended early. It is read again by itself, and nothing of it was published.',
  'source.checksum-mismatch':
    'The file was damaged on the way. It is read again by itself, and nothing of it was published.',
  'source.reissued':
    'The vendor issued the report again while it was read. It is read anew by itself; nothing of the mixture was published.',
  'source.throttled': 'The vendor allows no more requests for now. It goes on by itself when it may.',
  'source.auth-rejected':
    'The vendor refuses the credential. Put a valid one into the configuration, restart the workers, then retry.',
  'source.forbidden':
    'The credential is valid but may not read this. Give it the right at the vendor, then retry.',
  'source.request-refused':
    'The vendor refuses the request as it was made. Correct the stream or source in edgeledger.yaml; `edgeledger doctor` says what it asks for.',
  'source.host-not-allowed':
    'The file is on a host that is not allowed. When it is the vendor’s, add it to IMGIX_FILE_HOSTS and restart the workers.',
  'source.report-unavailable':
    'The vendor no longer offers this report. Remove it from the configuration, or choose its successor.',
  'source.clock-skew':
    'The clock of this machine is wrong: the vendor refuses signatures of another time. Correct it.',
  'source.response-malformed':
    'The vendor’s answer is not what its documents say. Load it again; when it stays so, report it with the message.',
  'source.gone':
    'The vendor no longer has it. A file that somebody saved can be brought in with `edgeledger import`.',
  'warehouse.unavailable':
    'Postgres did not answer. It is tried again by itself; check that the server runs.',
  'warehouse.conflict': 'Something else held what was needed. It is tried again by itself.',
  'warehouse.auth-rejected':
    'Postgres refuses the user of DATABASE_URL, or its rights. Correct them and restart.',
  'warehouse.not-migrated': 'The database is older than this version: run `edgeledger migrate`.',
  'warehouse.schema-too-new': 'The database is newer than this version: update the workers.',
  'warehouse.embedded-failed': 'The embedded Postgres did not start: the log says why.',
  'queue.unavailable': 'The queue did not answer. Check that Redis (or Postgres) runs; nothing is lost.',
  'load.superseded': 'A newer load of the same report took its place. Nothing needs to be done.',
  'load.staging-lost':
    'What was staged is gone or of no use any more: Postgres crashed, or columns of the table were changed. It is read again by itself.',
  'archive.unavailable':
    'The raw archive did not take the file, and nothing is loaded that is not kept. Check its disk or storage; it is tried again by itself.',
  'archive.missing': 'The archive does not have the whole report. Load it again from the vendor.',
  'config.invalid-query': 'The query is not one that is answered. Correct it as the message says.',
  'config.missing': 'A setting is missing: add what the message names and restart the workers.',
  'config.invalid': 'A setting is wrong: correct what the message names and restart the workers.',
  'config.invalid-day': 'A day is not one: give UTC days as YYYY-MM-DD.',
  'config.invalid-range': 'The days make no range: give the first and the last one.',
  'config.unknown-dataset': 'The configuration has no such dataset: correct its name.',
  'config.unknown-report': 'The ledger knows no such report: check its key.',
  'file.unreadable': 'The file cannot be read: check its path and rights.',
  'file.header-unknown':
    'No file of the report has a header line that is known. Load it again; when it stays so, report it with the message.',
  'file.column-missing':
    'A column that is needed is not in the report. When it goes by another name now, map it in edgeledger.yaml, then load the report again.',
  'file.malformed': 'The file is not what its type says. Load it again; the vendor may have repaired it.',
  'file.too-large':
    'The file is larger than allowed. Raise the limit that the message names, then load it again.',
  'unit.rejects-above-threshold':
    'Too many records could not be accepted. The rejects below say why: correct the column mapping or raise the limits in edgeledger.yaml, then load it again.',
  'internal.invariant': 'This is a fault of Edgeledger. Please report it with the message and the log.',
} as const satisfies Record<ErrorCode, string>;

/** `undefined` for a code that another version wrote. */
export function findErrorAdvice(code: string): string | undefined {
  return Object.hasOwn(ERROR_ADVICE, code) ? ERROR_ADVICE[code as ErrorCode] : undefined;
}
