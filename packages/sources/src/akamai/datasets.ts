import type { Column, Dataset } from '@edgeledger/core';

/** Metric names become columns by `toColumnName`: `edgeBytes` is `edge_bytes`. */
const USAGE_COLUMNS: readonly Column[] = [
  { name: 'object_id', type: 'text' },
  { name: 'edge_bytes', type: 'bigint' },
  { name: 'edge_hits', type: 'bigint' },
  { name: 'midgress_bytes', type: 'bigint' },
];

const DETAILS_COLUMNS: readonly Column[] = [
  { name: 'client_id', type: 'text' },
  { name: 'client_ip', type: 'text' },
  { name: 'client_owner', type: 'text' },
  { name: 'client_token', type: 'text', aliases: ['authorization_client_token'] },
  { name: 'method', type: 'text', aliases: ['request_method'] },
  { name: 'response_code', type: 'text' },
  { name: 'timestamp', type: 'timestamptz' },
  { name: 'uri', type: 'text', aliases: ['request_uri'] },
  // only the v2 report has these
  { name: 'endpoint', type: 'text' },
  { name: 'response_status', type: 'text' },
  { name: 'response_class', type: 'text' },
  { name: 'contract_type', type: 'text' },
];

export const ENDPOINT_USAGE_BY_TIME: Dataset = {
  name: 'akamai.endpoint_usage_by_time',
  vendor: 'akamai',
  report: 'endpoint-usage-by-time',
  accumulation: 'interval',
  strategy: 'upsert',
  identity: ['object_id'],
  columns: USAGE_COLUMNS,
  retentionDays: 90,
};

export const API_USAGE_DETAILS: Dataset = {
  name: 'akamai.api_usage_details',
  vendor: 'akamai',
  report: 'apiusagedetails-by-time',
  accumulation: 'interval',
  strategy: 'replace',
  identity: ['part', 'row_no'],
  columns: DETAILS_COLUMNS,
  retentionDays: 92,
  checks: ['akamai.check_api_usage'],
};

/** Requests and volume of API traffic per hour (v2 only; akamai.md, section 2.8). */
export const API_USAGE: Dataset = {
  name: 'akamai.api_usage',
  vendor: 'akamai',
  report: 'usage',
  accumulation: 'interval',
  strategy: 'upsert',
  identity: ['object_id'],
  columns: [
    { name: 'object_id', type: 'text' },
    { name: 'requests_sum', type: 'bigint' },
    { name: 'requests_percentage', type: 'double precision' },
    { name: 'bytes_sum', type: 'bigint' },
    { name: 'bytes_percentage', type: 'double precision' },
  ],
  retentionDays: 123,
  checks: ['akamai.check_api_usage'],
};

/** The vendor's own totals of a window, beside the rows they came with. */
export const REPORT_SUMMARIES: Dataset = {
  name: 'akamai.report_summaries',
  vendor: 'akamai',
  report: 'report-summaries',
  accumulation: 'window',
  strategy: 'upsert',
  identity: ['metric'],
  columns: [
    { name: 'metric', type: 'text', required: true },
    { name: 'value', type: 'numeric' },
    { name: 'details', type: 'jsonb' },
  ],
  retentionDays: 92,
};

export const AKAMAI_DATASETS: readonly Dataset[] = [
  ENDPOINT_USAGE_BY_TIME,
  API_USAGE_DETAILS,
  API_USAGE,
  REPORT_SUMMARIES,
];
