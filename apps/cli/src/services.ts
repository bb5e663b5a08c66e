import { hostname } from 'node:os';
import { join } from 'node:path';
import { createDirectoryArchive, createS3Archive, createSpool } from '@edgeledger/archive';
import { type Config, loadConfigFromProcess, readProgramEnvironment } from '@edgeledger/config';
import {
  type Archive,
  ConfigError,
  type Dataset,
  type Logger,
  type RateBudget,
  type Source,
  type Spool,
} from '@edgeledger/core';
import { createFileSlots, type FileSlots, withArchive } from '@edgeledger/pipeline';
import type { QueueBackend } from '@edgeledger/queue';
import { createSources } from '@edgeledger/sources';
import { createLogger, type Metrics, type Traces } from '@edgeledger/telemetry';
import { createWarehouse, openEmbeddedPostgres, type Warehouse } from '@edgeledger/warehouse';
import { type Io, printNote } from './io.ts';
import { VERSION } from './version.ts';

/** What commands work with. Opened from outside in, closed in reverse. */
export interface Services extends Setup {
  readonly warehouse: Warehouse;
  readonly databaseUrl: string;
  readonly fileSlots: FileSlots;
}

export interface ServiceOptions {
  /** What this process is, for connection names and the ledger. */
  readonly role: string;
  /** Print where the embedded server listens, and how to ask it: for commands that load or serve. */
  readonly announce?: boolean;
  /** Leave the schema alone: the command is there to migrate or must not. */
  readonly skipSchema?: boolean;
}

/** What a command knows before anything is opened, so that a wrong option or setting starts no server. */
export interface Setup {
  readonly io: Io;
  readonly config: Config;
  readonly logger: Logger;
  /** Set once the warehouse is open: sources are made before it, but ask the vendor only after. */
  readonly shared: { rateBudget?: RateBudget };
  /** Of a command that is traced as a whole. */
  readonly traces?: Traces;
}

export function readSetup(io: Io, change: (config: Config) => Config = (config) => config): Setup {
  const config = change(loadConfigFromProcess());
  return { io, config, logger: openLogger(config, io), shared: {} };
}

function openLogger(config: Config, io: Io): Logger {
  // on a terminal the progress display tells what the info lines would
  const level = io.status.isTerminal && config.log.level === 'info' ? 'warn' : config.log.level;
  return createLogger({ level, format: config.log.format, destination: io.status.stream });
}

/** Opens the warehouse, runs `use` and closes everything whatever happens. */
export async function withServices<T>(
  setup: Setup,
  options: ServiceOptions,
  use: (services: Services) => Promise<T>,
): Promise<T> {
  const { io, config, logger } = setup;
  await using stack = new AsyncDisposableStack();
  const { databaseUrl, readerUrl } = await openDatabase(setup, options, stack);
  const warehouse = await createWarehouse({
    connectionString: databaseUrl,
    readerConnectionString: readerUrl,
    applicationName: `edgeledger ${options.role}`,
    logger,
    version: VERSION,
    // in a container the process is always number 1
    worker: `${options.role} ${hostname()} ${process.pid}`,
    ...io.trial,
  });
  stack.defer(() => warehouse.close());
  if (options.skipSchema !== true) {
    await prepareSchema(warehouse, config, io);
    setup.shared.rateBudget = warehouse.rateBudget;
  }
  return await use({ ...setup, warehouse, databaseUrl, fileSlots: createFileSlots() });
}

async function openDatabase(
  { config, logger, io }: Setup,
  options: ServiceOptions,
  stack: AsyncDisposableStack,
): Promise<{ readonly databaseUrl: string; readonly readerUrl?: string }> {
  if (config.databaseUrl !== undefined) return { databaseUrl: config.databaseUrl.reveal() };
  const embedded = await openEmbeddedPostgres({
    home: config.home,
    logger,
    environment: readProgramEnvironment(),
  });
  stack.defer(() => embedded.close());
  if (options.announce === true) {
    // without the password: this line goes to logs
    printNote(
      io,
      `Warehouse: the embedded Postgres on port ${embedded.port}; "edgeledger sql" asks it, "edgeledger sql --url" tells its address.`,
    );
  }
  return { databaseUrl: embedded.connectionString, readerUrl: embedded.readerConnectionString };
}

/**
 * An empty database is set up at once. One that an older version made is left to a person, because a
 * migration may take long and other processes may still run; except the embedded one, which is ours alone.
 */
async function prepareSchema(warehouse: Warehouse, config: Config, io: Io): Promise<void> {
  const status = await warehouse.migrationStatus();
  if (status.applied === 0 || (config.databaseUrl === undefined && status.missing.length > 0)) {
    const report = await warehouse.migrate();
    if (report.applied.length > 0)
      printNote(io, `Set up the warehouse: ${report.applied.length} migrations applied.`);
    return;
  }
  await warehouse.assertMigrated();
}

/** The configured sources, or an error that names what would configure one. */
export function openSources(setup: Setup, options: SourceOptions = {}): Source[] {
  const { config, io, logger, shared } = setup;
  const traces = options.traces ?? setup.traces;
  if (config.sources.length === 0) throw noSources(config);
  const sources = createSources(config.sources, {
    clock: io.clock,
    logger,
    rateBudget: () => shared.rateBudget,
    ...(options.maxInlineWaitMs === undefined ? {} : { maxInlineWaitMs: options.maxInlineWaitMs }),
    http: {
      ...(options.metrics && { onAttempt: options.metrics.countRequest }),
      ...(traces && { tracer: traces.tracer }),
    },
  });
  const archive = openArchive(config);
  return archive === undefined ? sources : sources.map((source) => withArchive(source, archive));
}

/** Where raw files are kept; undefined when they are not. */
export function openArchive({ archive }: Config): Archive | undefined {
  if (archive.kind === 'directory') return createDirectoryArchive(archive);
  return archive.kind === 's3' ? createS3Archive(archive) : undefined;
}

/** Where downloads are kept aside that may be what is visible already. */
export function openSpool({ home }: Pick<Config, 'home'>): Spool {
  return createSpool(join(home, 'spool'));
}

/** Clears away what killed processes left, and raw files that are older than they are to be kept. */
export async function sweep(
  services: Pick<Services, 'warehouse' | 'config' | 'logger'>,
  now: Date,
  findBegun?: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  await services.warehouse.sweepStaging(now, findBegun);
  await openSpool(services.config).sweep(now);
  try {
    const removed = (await openArchive(services.config)?.prune(now)) ?? 0;
    if (removed > 0) services.logger.info({ removed }, 'old files removed from the archive');
  } catch (error) {
    // no reason to load nothing
    const message = error instanceof Error ? error.message : String(error);
    services.logger.warn({ error: message }, 'the archive could not be cleared of old files');
  }
}

export interface SourceOptions {
  /** Longest pause that a request makes by itself when the vendor throttles. */
  readonly maxInlineWaitMs?: number;
  /** Counts the requests. */
  readonly metrics?: Metrics;
  /** Makes spans of them. */
  readonly traces?: Traces | undefined;
}

function noSources(config: Config): ConfigError {
  const { imgix, akamai } = config.missing;
  return new ConfigError(
    'config.missing',
    `No source is configured. For imgix set ${imgix.join(', ')}; for Akamai set ${akamai.join(', ')} ` +
      '(or AKAMAI_EDGERC), or list sources in edgeledger.yaml. To see everything without an account, run `edgeledger demo`.',
  );
}

/** Redis when configured, else BullMQ's tables in the warehouse's database. */
export async function openQueue(
  services: Pick<Services, 'config' | 'logger' | 'databaseUrl' | 'io'>,
): Promise<QueueBackend> {
  const { redisUrl } = services.config;
  // BullMQ is of no use to a command that loads by itself
  const { openQueueBackend } = await import('@edgeledger/queue');
  const { trial } = services.io;
  return openQueueBackend({
    ...(redisUrl === undefined ? { databaseUrl: services.databaseUrl } : { redisUrl: redisUrl.reveal() }),
    logger: services.logger,
    ...(trial && { backoffMs: trial.backoffMs, silenceMs: trial.silenceMs }),
    ...(services.config.otelEndpoint && { traceVersion: VERSION }),
  });
}

export interface Selection {
  readonly source?: string;
  readonly dataset?: readonly string[];
}

export interface SelectedSource {
  readonly source: Source;
  /** Names of the datasets asked for; absent: all of the source. */
  readonly datasets?: readonly string[];
}

/** The sources and datasets that `--source` and `--dataset` name. Unknown names are an error that lists the known. */
export function selectSources(sources: readonly Source[], selection: Selection): SelectedSource[] {
  const wanted = sources.filter(
    (source) => selection.source === undefined || matchesSource(source, selection.source),
  );
  if (wanted.length === 0) {
    const known = sources.map((source) => source.id).join(', ');
    throw new ConfigError(
      'config.unknown-dataset',
      `--source: there is no source "${selection.source}". Configured: ${known}.`,
    );
  }
  if (selection.dataset === undefined || selection.dataset.length === 0)
    return wanted.map((source) => ({ source }));
  const names = selection.dataset.map((text) => findDatasetNames(wanted, text));
  return wanted.flatMap((source) => {
    const datasets = source.datasets
      .map((dataset) => dataset.name)
      .filter((name) => names.some((set) => set.includes(name)));
    return datasets.length === 0 ? [] : [{ source, datasets }];
  });
}

function matchesSource(source: Source, text: string): boolean {
  return text === source.id || text === source.vendor || text === `${source.vendor}:${source.account}`;
}

function findDatasetNames(sources: readonly Source[], text: string): string[] {
  const datasets = sources.flatMap((source) => source.datasets);
  const matching = datasets.filter((dataset) => matchesDataset(dataset, text)).map((dataset) => dataset.name);
  if (matching.length > 0) return matching;
  const known = [...new Set(datasets.map((dataset) => dataset.name))].join(', ');
  throw new ConfigError(
    'config.unknown-dataset',
    `--dataset: there is no dataset "${text}". Known: ${known}.`,
  );
}

/** `imgix.cdn_logs`, `cdn_logs` or the vendor's report name. */
export function matchesDataset(dataset: Dataset, text: string): boolean {
  return text === dataset.name || text === dataset.name.split('.')[1] || text === dataset.report;
}
