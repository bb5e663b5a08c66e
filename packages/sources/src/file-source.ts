import { createHash, type Hash } from 'node:crypto';
import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  ConfigError,
  DAY_MS,
  type Dataset,
  dayPeriod,
  findDayInReportKey,
  type OpenedPart,
  type Source,
  type UnitRef,
} from '@edgeledger/core';
import { parseAkamaiPart } from './akamai/parse.ts';
import { configureDataset } from './dataset-settings.ts';
import { parseImgixPart } from './imgix/parse.ts';
import type { ColumnSetting } from './source-config.ts';

export interface FileSourceConfig {
  readonly dataset: Dataset;
  /** Ends in the day, `cdn_logs_20261120`; without it the first file's name is taken. */
  readonly reportKey?: string | undefined;
  readonly account: string;
  /** Paths, in the order of the report's parts. */
  readonly files: readonly string[];
  readonly columns?: Readonly<Record<string, ColumnSetting>> | undefined;
}

/**
 * Report files that a person saved from the vendor's dashboard, as a source with one unit: the same parsing and
 * checks as for files that we fetched ourselves.
 *
 * @throws ConfigError `file.unreadable`, `config.invalid-day`
 */
export function createFileSource(config: FileSourceConfig): Source {
  const files = toNamedFiles(config.files);
  for (const path of config.files) assertReadable(path);
  const unit = toUnit(config);
  const configured = configureDataset(config.dataset, { columns: config.columns });

  return {
    vendor: config.dataset.vendor,
    account: config.account,
    id: `file-${config.account}`,
    datasets: [configured.dataset],
    hasFiles: true,
    discover: async () => [
      { ...unit, dueAt: unit.period.start, expiresAt: new Date(unit.period.end.getTime() + 36_500 * DAY_MS) },
    ],
    check: async () => ({
      kind: 'ready',
      parts: [...files.keys()].map((name) => ({ name })),
      vendorReportId: null,
      revision: await hashFiles(config.files),
    }),
    open: async (_unit, part, context) =>
      openFile(part.name, files.get(part.name) ?? part.name, context.signal),
    parse: (parsedUnit, part, context) =>
      config.dataset.vendor === 'imgix'
        ? parseImgixPart(parsedUnit, part, context, { configured })
        : parseAkamaiPart(parsedUnit, part, context, {
            ...configured,
            // a saved file cannot be asked for again in halves
            reportType: {
              limit: undefined,
              groupsOutliers: false,
              retentionDays: config.dataset.retentionDays,
            },
          }),
    estimateRequests: () => 0,
    close: async () => undefined,
  };
}

const READ_BYTES = 256 * 1024;

/** Part names by which the files are known in the ledger: the file name, or the path where names repeat. */
function toNamedFiles(paths: readonly string[]): Map<string, string> {
  const names = paths.map((path) => basename(path));
  return new Map(
    paths.map((path, index) => [
      names.indexOf(names[index] ?? '') === index ? (names[index] ?? path) : path,
      path,
    ]),
  );
}

function assertReadable(path: string): void {
  const problem = findProblem(path);
  if (problem === undefined) return;
  throw new ConfigError(
    'file.unreadable',
    `Could not import ${path}: ${problem}. Check the path and its rights.`,
  );
}

function findProblem(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile() ? undefined : 'it is not a file';
  } catch (thrown) {
    return isMissing(thrown) ? 'there is no such file' : 'it cannot be read';
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}

function toUnit(config: FileSourceConfig): UnitRef {
  const fromName = basename(config.files[0] ?? '')
    .replace(/\.gz$/i, '')
    .replace(/\.(csv|json|txt)$/i, '');
  const reportKey = config.reportKey ?? fromName;
  const day = findDayInReportKey(reportKey);
  if (day === undefined) {
    throw new ConfigError(
      'config.invalid-day',
      `The report key "${reportKey}" does not end in a day. Give it with --report-key, for example ${config.dataset.report}_20261120.`,
    );
  }
  return { account: config.account, dataset: config.dataset.name, reportKey, period: dayPeriod(day) };
}

/** Content, not times: the same file saved twice is the same revision. */
async function hashFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    hash.update(`\n${basename(path)}\n`);
    await updateFromFile(hash, path);
  }
  return hash.digest('hex').slice(0, 32);
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await updateFromFile(hash, path);
  return hash.digest('hex');
}

/** Through one buffer: a stream's chunks would pile up to some 50 MB before the garbage collector comes by. */
async function updateFromFile(hash: Hash, path: string): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  await using file = await guardReading(path, () => open(path));
  for (;;) {
    const { bytesRead } = await guardReading(path, () => file.read(buffer));
    if (bytesRead === 0) return;
    hash.update(buffer.subarray(0, bytesRead));
  }
}

async function guardReading<Result>(path: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    throw new ConfigError('file.unreadable', `Could not read ${path}. Check the file and its rights.`, {
      cause,
    });
  }
}

function openFile(name: string, path: string, signal: AbortSignal): OpenedPart {
  const stream = createReadStream(path, { signal, highWaterMark: READ_BYTES });
  return {
    name,
    bytes: readFile(stream, path),
    hash: () => hashFile(path),
    destroy: () => void stream.destroy(),
  };
}

async function* readFile(stream: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AbortError') throw cause;
    throw new ConfigError('file.unreadable', `Could not read ${path}. Check the file and its rights.`, {
      cause,
    });
  }
}
