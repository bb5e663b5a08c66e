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
  /** `report`: the v1 report that `report` names, whose table follows from its report type. */
  readonly dataset: 'endpoint_usage_by_time' | 'api_usage_details' | 'api_usage' | 'report';
  /** `hits-by-time`; only with the dataset `report`. */
  readonly report?: string | undefined;
  /** Version of the Reporting API; default: the one that has the report, of details v1. */
  readonly api?: 'v1' | 'v2' | undefined;
  readonly objectIds: 'all' | readonly string[];
  /** One series per object id instead of one for all of them together. */
  readonly splitByObject?: boolean | undefined;
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Only these metrics; absent: all the report has. */
  readonly metrics?: readonly string[] | undefined;
  /** v2 details: only these dimensions; absent: all that are known to be of use. */
  readonly dimensions?: readonly string[] | undefined;
  /** Length of a unit in hours, a divisor of 24. Default 24. */
  readonly windowHours?: number | undefined;
  /** How often the running day is read; absent: once a day, for the day before. */
  readonly everyMinutes?: number | undefined;
  /** v2: ask asynchronously from the start, for answers too large for one. */
  readonly async?: boolean | undefined;
  /** When the vendor forbids some object ids, read the others and report which were left out. */
  readonly dropForbiddenObjects?: boolean | undefined;
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
