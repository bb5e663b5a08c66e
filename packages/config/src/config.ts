import type {
  Accumulation,
  ColumnType,
  RejectThresholds,
  Secret,
  ShrinkLimits,
  Vendor,
} from '@edgeledger/core';

/** What a person says of one column of a report. */
export interface ColumnConfig {
  /** The header it has in the file, when that is not its name. */
  readonly header?: string;
  readonly aliases?: readonly string[];
  readonly type?: ColumnType;
  readonly required?: boolean;
  /** Not kept at all. */
  readonly drop?: boolean;
}

export interface DatasetConfig {
  readonly accumulation?: Accumulation;
  /** Days that rows are kept in the warehouse; `prune` drops older ones. Only for datasets kept by day. */
  readonly keepDays?: number;
  readonly columns?: Readonly<Record<string, ColumnConfig>>;
}

export interface ImgixSourceConfig {
  readonly vendor: 'imgix';
  readonly account: string;
  readonly apiKey: Secret;
  /** An origin: scheme, host and port. */
  readonly apiUrl: URL;
  /** `host` (any port) or `host:port`, lower case. A host that is not listed is never contacted. */
  readonly fileHosts: readonly string[];
  readonly reportTypes: readonly string[];
  /** False when the report types are the default, so that one the account lacks is no error. */
  readonly reportTypesExplicit: boolean;
  /** By report type. */
  readonly datasets?: Readonly<Record<string, DatasetConfig>>;
  readonly maxInflatedBytes?: number;
}

export interface AkamaiStream {
  readonly name: string;
  readonly dataset: 'endpoint_usage_by_time' | 'api_usage_details' | 'api_usage' | 'report';
  /** The v1 report of the dataset `report`. */
  readonly report?: string;
  readonly api?: 'v1' | 'v2';
  readonly objectIds: 'all' | readonly string[];
  readonly splitByObject?: boolean;
  readonly filters?: Readonly<Record<string, readonly string[]>>;
  readonly metrics?: readonly string[];
  /** Of v2 details. */
  readonly dimensions?: readonly string[];
  /** Length of a unit. */
  readonly windowHours?: number;
  /** v2: ask asynchronously from the start. */
  readonly async?: boolean;
  /** When the vendor forbids some object ids, the others are read without them. */
  readonly dropForbiddenObjects?: boolean;
  /** Reads the running day this often; absent means daily only. */
  readonly everyMinutes?: number;
}

export interface AkamaiSourceConfig {
  readonly vendor: 'akamai';
  readonly account: string;
  readonly clientToken: Secret;
  readonly clientSecret: Secret;
  readonly accessToken: Secret;
  /** An origin: scheme, host and port. */
  readonly apiUrl: URL;
  readonly accountSwitchKey?: string;
  readonly streams: readonly AkamaiStream[];
}

export type SourceConfig = ImgixSourceConfig | AkamaiSourceConfig;

export interface ScheduleConfig {
  /** Cron pattern, UTC. */
  readonly imgix: string;
  /** Cron pattern, UTC. */
  readonly akamai: string;
  readonly reconcileMinutes: number;
  /** A report that is not there so long after it was due is reported as late, in hours. */
  readonly lateAfterHours: number;
}

/** Any storage that speaks Amazon's S3 protocol. */
export interface S3ArchiveConfig {
  readonly kind: 's3';
  /** Origin of the service. */
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

export type ArchiveConfig =
  | { readonly kind: 'off' }
  | { readonly kind: 'directory'; readonly path: string; readonly keepDays: number }
  | S3ArchiveConfig;

export interface AlertsConfig {
  /** The whole URL is a credential with most receivers. */
  readonly webhook: Secret;
  readonly format: 'json' | 'slack';
  /** A report that is not loaded so many days before its vendor drops it is worth an alert. */
  readonly lostSoonDays: number;
}

export interface DashboardConfig {
  readonly host: string;
  readonly port: number;
  /** May look and act. */
  readonly user?: string;
  readonly password?: Secret;
  /** May look; only with an operator. */
  readonly viewer?: { readonly user: string; readonly password: Secret };
  readonly sessionSecret?: Secret;
}

/** Of roles without pages; the dashboard serves the same on its own port. */
export interface MetricsConfig {
  /** Absent: not served. */
  readonly port?: number;
  readonly host: string;
  /** What `/metrics` wants as bearer token, of every role. */
  readonly token?: Secret;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export const LOG_FORMATS = ['pretty', 'json'] as const;

export interface LogConfig {
  readonly level: (typeof LOG_LEVELS)[number];
  readonly format: (typeof LOG_FORMATS)[number];
}

/** Everything a person can set, checked and frozen. */
export interface Config {
  readonly databaseUrl: Secret | undefined;
  readonly redisUrl: Secret | undefined;
  /** Where the person stood who called, when a package manager changed the folder; else the working folder. */
  readonly invokedFrom: string;
  /** Absolute path of local state. */
  readonly home: string;
  /** The configuration file that was read, if there was one. */
  readonly configFile: string | undefined;
  readonly sources: readonly SourceConfig[];
  /** For each vendor without a source: the variables that would enable it. Empty when it has one. */
  readonly missing: Readonly<Record<Vendor, readonly string[]>>;
  /** `host:port` of the emulated vendors' file server, used only while no source is configured. */
  readonly demo: string | undefined;
  readonly backfillDays: number;
  readonly rejects: RejectThresholds;
  /** When a report that was issued again counts as much smaller and is held back. */
  readonly revisions: ShrinkLimits;
  readonly schedule: ScheduleConfig;
  readonly archive: ArchiveConfig;
  readonly alerts: AlertsConfig | undefined;
  readonly dashboard: DashboardConfig;
  readonly metrics: MetricsConfig;
  readonly log: LogConfig;
  /** False with NO_COLOR or a terminal that knows none. */
  readonly isColorWanted: boolean;
  readonly otelEndpoint: URL | undefined;
}
