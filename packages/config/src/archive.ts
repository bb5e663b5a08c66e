import { join } from 'node:path';
import { Secret } from '@edgeledger/core';
import type { ArchiveConfig } from './config.ts';
import type { FileConfig } from './file-schema.ts';
import type { Problems } from './problems.ts';
import type { TextFiles } from './text-files.ts';

/** Longer than a year, so that every month can be compared with the same one a year ago. */
const KEEP_DAYS = 400;
const S3_SETTINGS = ['endpoint', 'bucket', 'accessKeyId', 'secretAccessKey'] as const;

interface ArchiveInput {
  readonly archive: FileConfig['archive'];
  /** Absolute path of local state. */
  readonly home: string;
}

/** Where raw files are kept: nowhere, in a directory, or in S3-compatible storage. */
export function loadArchive(
  { archive, home }: ArchiveInput,
  files: TextFiles,
  problems: Problems,
): ArchiveConfig {
  if (archive === undefined || archive.kind === 'off') return { kind: 'off' };
  const keepDays = archive.keepDays ?? KEEP_DAYS;
  if (archive.kind === 'directory') {
    const path = archive.path === undefined ? join(home, 'archive') : files.toPath(archive.path);
    return { kind: 'directory', path, keepDays };
  }
  const { endpoint, bucket, accessKeyId, secretAccessKey } = archive;
  if (
    endpoint === undefined ||
    bucket === undefined ||
    accessKeyId === undefined ||
    secretAccessKey === undefined
  ) {
    const missing = S3_SETTINGS.filter((name) => archive[name] === undefined).join(', ');
    problems.add('archive', `kind s3 needs ${missing}, too. Add what is missing; secrets as \${VARIABLE}.`);
    return { kind: 'off' };
  }
  return {
    kind: 's3',
    endpoint,
    bucket,
    region: archive.region ?? 'us-east-1',
    prefix: archive.prefix ?? '',
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    keepDays,
    spoolPath: archive.path === undefined ? join(home, 'archive-spool') : files.toPath(archive.path),
  };
}
