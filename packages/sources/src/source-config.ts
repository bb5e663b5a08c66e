import type { Accumulation, Clock, ColumnType, Logger, RateBudget, Secret } from '@edgeledger/core';
import type { HttpClientOptions } from '@edgeledger/http';

/** What `edgeledger.yaml` may say about one column of a dataset, by the column's name. */
export interface ColumnSetting {
  /** The header text to take it from, as it stands in the file. */
  readonly header?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly type?: ColumnType | undefined;
  readonly required?: boolean | undefined;
  /** The header of this name is known and not wanted. */
  readonly drop?: boolean | undefined;
}

export interface DatasetSetting {
  readonly accumulation?: Accumulation | undefined;
  readonly columns?: Readonly<Record<string, ColumnSetting>> | undefined;
}

export interface ImgixSourceConfig {
  readonly vendor: 'imgix';
  readonly account: string;
  readonly apiKey: Secret;
  readonly apiUrl: URL;
  /** `host` (any port) or `host:port`. */
  readonly fileHosts: readonly string[];
  readonly reportTypes: readonly string[];
  /** True when a person named them: then they are expected even if the account never had one. */
  readonly reportTypesExplicit: boolean;
  /** By report type, `cdn_logs`. */
  readonly datasets?: Readonly<Record<string, DatasetSetting>> | undefined;
  readonly maxInflatedBytes?: number | undefined;
}

export interface AkamaiStream {
  readonly name: string;
  readonly dataset: 'endpoint_usage_by_time' | 'api_usage_details';
  /** Version of the Reporting API. Default v1, the only one that is read. */
  readonly api?: 'v1' | 'v2' | undefined;
  readonly objectIds: 'all' | readonly string[];
  /** One series per object id instead of one for all of them together. */
  readonly splitByObject?: boolean | undefined;
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
  /** How often the running day is read; absent: once a day, for the day before. */
  readonly everyMinutes?: number | undefined;
}

export interface AkamaiSourceConfig {
  readonly vendor: 'akamai';
  readonly account: string;
  readonly clientToken: Secret;
  readonly clientSecret: Secret;
  readonly accessToken: Secret;
  readonly apiUrl: URL;
  readonly accountSwitchKey?: string | undefined;
  readonly streams: readonly AkamaiStream[];
}

export type SourceConfig = ImgixSourceConfig | AkamaiSourceConfig;

export interface SourceServices {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longest pause that a request makes by itself when the vendor throttles; beyond it: ThrottledError. */
  readonly maxInlineWaitMs?: number | undefined;
  /** The budget that all workers share, once there is one; without it every source counts for itself. */
  readonly rateBudget?: (() => RateBudget | undefined) | undefined;
  /** Overrides for the HTTP clients that the source makes for itself. */
  readonly http?: Partial<Omit<HttpClientOptions, 'clock' | 'logger'>> | undefined;
}

/** Options for the HTTP client of one source: its own defaults, then what the caller overrides. */
export function toHttpOptions(
  services: SourceServices,
  defaults: Partial<HttpClientOptions>,
): HttpClientOptions {
  const { clock, logger, maxInlineWaitMs, rateBudget } = services;
  const wait = maxInlineWaitMs === undefined ? {} : { maxInlineWaitMs };
  const shared = rateBudget === undefined ? {} : { rateBudget };
  return { ...defaults, ...wait, ...shared, ...services.http, clock, logger };
}
