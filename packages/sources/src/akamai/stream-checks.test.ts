import { expect, test } from 'vitest';
import { API_USAGE_DETAILS } from './datasets.ts';
import type { ReportOffer } from './report-offer.ts';
import { findStreamProblems } from './stream-checks.ts';

const stream = {
  name: 'default',
  dataset: 'endpoint_usage_by_time',
  objectIds: 'all',
  filters: { http_method: ['get'] },
} as const;
const report = {
  api: 'v1',
  name: 'endpoint-usage-by-time',
  dataset: API_USAGE_DETAILS,
} as unknown as Parameters<typeof findStreamProblems>[1];

function offerOf(filters: readonly string[]): ReportOffer {
  return {
    description: '',
    metrics: [],
    filters,
    mandatoryFilters: [],
    intervals: [],
    dimensions: [],
    maxDimensions: undefined,
    businessObject: undefined,
  };
}

test('a filter that the report does not have is told with those it has', () => {
  expect(findStreamProblems(stream, report, offerOf(['response_class']))).toEqual([
    'there is no filter "http_method"; the report offers response_class',
  ]);
  expect(findStreamProblems(stream, report, offerOf(['http_method', 'response_class']))).toEqual([]);
});

test('a report type that lists no filters at all says nothing of them', () => {
  expect(findStreamProblems(stream, report, offerOf([]))).toEqual([]);
});
