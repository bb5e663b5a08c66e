/** What `GET /reporting-api/v2/reports/common/apis/{report}` answers. */
import type { Settings } from '../../options.ts';

export interface Dimension {
  name: string;
  type: 'STRING' | 'TIMESTAMP_SEC';
  filterable: boolean;
  filterType?: 'TEXT' | 'ENUM';
  mandatory: boolean;
  authorizable: boolean;
  eolDate?: string;
}

export interface ReportOptions {
  name: string;
  description: string;
  status: 'PUBLISHED' | 'DEPRECATED';
  metrics: readonly { name: string; type: 'LONG' | 'DOUBLE'; filterable: boolean; mandatory: boolean }[];
  dimensions: readonly Dimension[];
  limits: {
    maxDimensions: number;
    maxDateRangeInDays: number;
    maxRetentionInDays: number;
    dataPointsLimit: number;
  };
}

export const V2_REPORTS_PATH = '/reporting-api/v2/reports';
export type V2ReportName = 'common/apis/usage-details' | 'common/apis/usage';

const text = (name: string): Dimension => ({
  name,
  type: 'STRING',
  filterable: true,
  filterType: 'TEXT',
  mandatory: false,
  authorizable: false,
});
const time = (name: string): Dimension => ({
  name,
  type: 'TIMESTAMP_SEC',
  filterable: false,
  mandatory: false,
  authorizable: false,
});

/** Names up to `requestUri` are documented, the rest is assumed by analogy with v1. */
const DETAILS: readonly Dimension[] = [
  time('timestamp'),
  text('clientOwner'),
  text('clientIp'),
  text('clientId'),
  text('authorizationClientToken'),
  { ...text('requestMethod'), filterType: 'ENUM' },
  text('endpoint'),
  text('requestUri'),
  { ...text('responseStatus'), filterType: 'ENUM' },
  text('responseCode'),
  { ...text('responseClass'), filterType: 'ENUM' },
  text('contractType'),
];
const USAGE: readonly Dimension[] = [time('time1hour'), time('time1day'), text('clientOwner')];

export function reportOptionsOf(name: V2ReportName, settings: Settings): ReportOptions {
  const { v2DataPoints, deprecatedReports } = settings.akamai;
  const isDetails = name === 'common/apis/usage-details';
  const number = (metric: string, type: 'LONG' | 'DOUBLE') => ({
    name: metric,
    type,
    filterable: true,
    mandatory: false,
  });
  return {
    name,
    description: isDetails
      ? 'Audit of the latest individual API calls.'
      : 'Requests and volume of API traffic.',
    status: deprecatedReports.includes(name) ? 'DEPRECATED' : 'PUBLISHED',
    metrics: isDetails
      ? []
      : [
          number('requestsSum', 'LONG'),
          number('requestsPercentage', 'DOUBLE'),
          number('bytesSum', 'LONG'),
          number('bytesPercentage', 'DOUBLE'),
        ],
    dimensions: isDetails ? DETAILS : USAGE,
    limits: {
      maxDimensions: settings.akamai.v2MaxDimensions,
      maxDateRangeInDays: 92,
      maxRetentionInDays: isDetails ? 92 : 123,
      dataPointsLimit: v2DataPoints,
    },
  };
}
