/** The report type resource of Reporting API v1: what `GET …/reports/{name}/versions/1` answers. */

export interface ReportMetric {
  name: string;
  description: string;
  label: string;
  unit: 'BYTE' | 'COUNT' | 'PERCENTAGE' | 'STRING';
  summaryStatistic: boolean;
}

export interface ReportFilter {
  name: string;
  type: 'enum' | 'int' | 'string';
  description: string;
  values?: readonly { value: string; description?: string }[];
  required: boolean;
}

export interface ReportTypeResource {
  name: string;
  description: string;
  businessObjectName: 'cpcode' | 'account_id';
  version: number;
  status: 'PUBLISHED' | 'DEPRECATED';
  deprecated: boolean;
  timeBased: boolean;
  supportsPagination?: boolean;
  outputType: 'FLAT';
  requiredProducts: readonly string[];
  requiredRoles: readonly string[];
  available: boolean;
  metrics: readonly ReportMetric[];
  groupOutlyingValues: { enabled: boolean };
  groupBy?: readonly string[];
  filters: readonly ReportFilter[];
  intervals: readonly string[];
  dataRetentionDays: number;
  limit?: number;
  maxLimit?: number;
  links: readonly { rel: string; href: string }[];
}

export const REPORTS_PATH = '/reporting-api/v1/reports';
export const INTERVALS = ['MONTH', 'WEEK', 'DAY', 'HOUR', 'FIVE_MINUTES'] as const;

export function linksOf(name: string): ReportTypeResource['links'] {
  const versions = `${REPORTS_PATH}/${name}/versions`;
  return [
    { rel: 'self', href: `${versions}/1` },
    { rel: 'versions', href: versions },
    { rel: 'all-reports', href: REPORTS_PATH },
    { rel: 'execute-report', href: `${versions}/1/report-data` },
  ];
}
