import { openAsBlob } from 'node:fs';
import { type Archive, DAY_MS, type Secret, type UnitKey } from '@edgeledger/core';
import { createGuardedFetch } from '@edgeledger/http';
import { S3mini } from 's3mini';
import { createGuard, toMissingError } from './archive-error.ts';
import { toObjectName } from './object-name.ts';
import { beginEntry, removeOldSpoolFiles, type SpoolFile } from './spool-file.ts';
import { verifyBytes } from './verified-bytes.ts';

export interface S3ArchiveOptions {
  /** Origin of the service, `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: URL;
  readonly bucket: string;
  readonly region: string;
  /** Folder in the bucket, without slashes around it; blank for none. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly keepDays: number;
  /** Folder on this machine where a file is received before it is sent. */
  readonly spoolPath: string;
}

const REQUEST_TIMEOUT_MS = 10 * 60_000;
const PAGE = 1000;

/**
 * Objects in S3-compatible storage. The address holds the hash, which is known only at the end: so a file is received
 * on disk and sent in one PUT, which such storage makes visible as a whole or not at all.
 */
export function createS3Archive(options: S3ArchiveOptions): Archive {
  const { prefix, keepDays, spoolPath } = options;
  const place = `${options.endpoint.host}/${options.bucket}`;
  const bucket = new S3mini({
    endpoint: `${options.endpoint.href.replace(/\/+$/, '')}/${options.bucket}`,
    region: options.region,
    accessKeyId: options.accessKeyId,
    secretAccessKey: options.secretAccessKey.reveal(),
    requestAbortTimeout: REQUEST_TIMEOUT_MS,
    fetch: createGuardedFetch(),
  });
  const toKey = (unit: UnitKey, sha256: string): string =>
    [...(prefix === '' ? [] : [prefix]), toObjectName(unit, sha256)].join('/');
  const guarded = createGuard(place);
  const has = async (key: string): Promise<boolean> => (await bucket.objectExists(key)) === true;

  return {
    begin: (unit) =>
      beginEntry(unit, {
        spool: spoolPath,
        guarded,
        keep: async (file, sha256) => {
          // sent also when it is there: its age is counted from when it was received last
          await send(bucket, toKey(unit, sha256), file);
          await file.remove();
        },
      }),
    has: (unit, sha256) => guarded(`Looking for a file of ${unit.reportKey}`, () => has(toKey(unit, sha256))),
    open: (unit, sha256, signal) =>
      guarded(`Reading a file of ${unit.reportKey}`, async () => {
        const key = toKey(unit, sha256);
        if (!(await has(key))) throw toMissingError(unit, sha256, place);
        const { body } = await bucket.getObjectRaw(key);
        return verifyBytes(readBody(body, signal), unit, sha256);
      }),
    prune: (now) =>
      guarded('Clearing out old files', async () => {
        await removeOldSpoolFiles(spoolPath, now);
        return await pruneObjects(bucket, prefix, now.getTime() - keepDays * DAY_MS);
      }),
  };
}

/** The blob is a view of the file: it is read while it is sent. */
async function send(bucket: S3mini, key: string, file: SpoolFile): Promise<void> {
  const blob = await openAsBlob(file.path);
  const response = await bucket.putObject(key, blob, undefined, undefined, undefined, blob.size);
  await response.body?.cancel();
}

async function* readBody(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body ?? []) {
    signal.throwIfAborted();
    yield chunk;
  }
}

async function pruneObjects(bucket: S3mini, prefix: string, beforeMs: number): Promise<number> {
  const outdated: string[] = [];
  let token: string | undefined;
  do {
    const page = await bucket.listObjectsPaged('/', prefix === '' ? '' : `${prefix}/`, PAGE, token);
    for (const { Key: key, LastModified: changedAt } of page?.objects ?? []) {
      // never what we did not put there
      if (/\/[0-9a-f]{64}$/.test(`/${key}`) && new Date(changedAt).getTime() < beforeMs) outdated.push(key);
    }
    token = page?.nextContinuationToken;
  } while (token !== undefined && token !== '');
  for (const key of outdated) await bucket.deleteObject(key);
  return outdated.length;
}
