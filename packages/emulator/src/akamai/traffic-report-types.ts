/** Two traffic reports of v1 besides the documented pair: one over time, one by CP code. Their texts are assumed. */
import type { ReportMetric, ReportTypeResource } from './report-type.ts';
import { INTERVALS, linksOf } from './report-type.ts';

const metric = (name: string, unit: ReportMetric['unit'], description: string): ReportMetric => ({
  name,
  description,
  label: name,
  unit,
  summaryStatistic: /(Max|Min|Total)$/.test(name),
});

function trafficType(
  name: string,
  more: Pick<ReportTypeResource, 'description' | 'metrics' | 'groupBy' | 'timeBased' | 'intervals'>,
): ReportTypeResource {
  return {
    name,
    businessObjectName: 'cpcode',
    version: 1,
    status: 'PUBLISHED',
    deprecated: false,
    outputType: 'FLAT',
    requiredProducts: [],
    requiredRoles: [],
    available: true,
    groupOutlyingValues: { enabled: false },
    filters: [],
    dataRetentionDays: 92,
    links: linksOf(name),
    ...more,
  };
}

export function hitsByTimeType(): ReportTypeResource {
  return trafficType('hits-by-time', {
    description: 'Hits on the edge and on the origin over time.',
    timeBased: true,
    groupBy: ['startdatetime'],
    intervals: INTERVALS,
    metrics: [
      metric('edgeHits', 'COUNT', "The number of requests that end users' clients made to edge servers."),
      metric('edgeHitsTotal', 'COUNT', 'The total number of edge requests.'),
      metric('hitsOffload', 'PERCENTAGE', 'The share of requests that did not reach the origin.'),
      metric('originHits', 'COUNT', 'The number of requests to the origin.'),
    ],
  });
}

export function bytesByCpcodeType(): ReportTypeResource {
  return trafficType('bytes-by-cpcode', {
    description: 'Traffic volume of each CP code.',
    timeBased: false,
    groupBy: ['cpcode'],
    intervals: [],
    metrics: [
      metric('edgeBytes', 'BYTE', 'The volume that left the edge.'),
      metric('edgeBytesTotal', 'BYTE', 'The total volume that left the edge.'),
      metric('midgressBytes', 'BYTE', 'The volume between edge servers.'),
    ],
  });
}
