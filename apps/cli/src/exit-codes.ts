import { EdgeledgerError, isAbortError } from '@edgeledger/core';

/** What a calling script can rely on. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  configuration: 3,
  incomplete: 4,
  schemaTooNew: 5,
} as const;

export function exitCodeOf(error: unknown): number {
  if (isAbortError(error)) return 130;
  if (!(error instanceof EdgeledgerError)) return EXIT.failed;
  if (error.code === 'warehouse.schema-too-new') return EXIT.schemaTooNew;
  if (error.code === 'config.invalid-day' || error.code === 'config.invalid-range') return EXIT.usage;
  if (error.code === 'config.unknown-dataset' || error.code === 'config.unknown-report') return EXIT.usage;
  if (error.code === 'file.unreadable' || error.code === 'config.invalid-query') return EXIT.usage;
  return error.recovery === 'fix-configuration' ? EXIT.configuration : EXIT.failed;
}
