/** endpoint-usage-by-time as its documentation page shows it, wording included. */
import type { ReportMetric, ReportTypeResource } from './report-type.ts';
import { INTERVALS, linksOf } from './report-type.ts';

const HTTP_METHODS: readonly (readonly [string, string])[] = [
  ['move', 'Copies, performs updates required by the move, like updating URLs, then deletes the source.'],
  ['unlock', 'Removes a lock on the target resource.'],
  ['proppatch', 'Sets or removes properties of the target resource.'],
  ['delete', 'Removes all information about the target resource.'],
  ['put', 'Replaces existing information about the target resource.'],
  ['head', 'Retrieves header information about the target resource, with no message body in the response.'],
  ['mkcol', 'Creates a new collection resource.'],
  ['patch', 'Updates existing information about the target resource.'],
  ['propfind', 'Retrieves properties defined on the target resource.'],
  ['trace', 'Creates a message loop-back test along the path to the resource.'],
  ['post', 'Sends information to the server.'],
  ['get', 'Retrieves information about the target resource.'],
  ['options', 'Describes communication methods for the target resource.'],
  ['lock', 'Prevents the use of other methods on the target resource.'],
  ['copy', 'Duplicates the target resource.'],
  ['connect', 'Creates a tunnel to the server.'],
];

const RESPONSE_CLASSES: readonly (readonly [string, string])[] = [
  ['0xx', 'An aborted action on the client side.'],
  ['1xx', 'An informational response, like Continue.'],
  ['2xx', 'A successful response.'],
  ['3xx', 'Success, but a redirect where the thing you want is somewhere else.'],
  ['4xx', "Error, where there's some problem with the client request."],
  ['5xx', "Error, where there's some problem with how the API server responded to the client request."],
  ['6xx', 'Invalid headers (defined by Akamai).'],
];

export function endpointUsageType(): ReportTypeResource {
  const name = 'endpoint-usage-by-time';
  return {
    name,
    description:
      'Provides information about the usage of your API endpoints over time and the API keys included in the incoming API requests.',
    businessObjectName: 'cpcode',
    version: 1,
    status: 'PUBLISHED',
    deprecated: false,
    timeBased: true,
    outputType: 'FLAT',
    requiredProducts: ['API Gateway'],
    requiredRoles: ['API Gateway Viewer', 'API Gateway Administrator'],
    available: true,
    metrics: metrics(),
    groupOutlyingValues: { enabled: false },
    groupBy: ['startdatetime'],
    filters: [
      {
        name: 'http_method',
        type: 'enum',
        description: 'A request method indicating the action performed on a resource.',
        values: HTTP_METHODS.map(([value, description]) => ({ value, description })),
        required: false,
      },
      {
        name: 'response_code',
        type: 'int',
        description: 'An HTTP response status code, for example, 201.',
        required: false,
      },
      {
        name: 'response_class',
        type: 'enum',
        description: 'A class of HTTP response status codes, from 0xx through 6xx.',
        values: RESPONSE_CLASSES.map(([value, description]) => ({ value, description })),
        required: false,
      },
      {
        name: 'endpoint_id',
        type: 'int',
        description: 'The ID of an API configuration registered with Akamai.',
        required: false,
      },
    ],
    intervals: INTERVALS,
    dataRetentionDays: 90,
    links: linksOf(name),
  };
}

function metrics(): ReportMetric[] {
  const internal = 'internal API traffic exchanged between Akamai edge servers.';
  const left = 'API traffic that left the Akamai network.';
  const bytes = (name: string, label: string, description: string): ReportMetric => ({
    name,
    description,
    label,
    unit: 'BYTE',
    summaryStatistic: /(Max|Min|Total)$/.test(name),
  });
  const count = (name: string, label: string, description: string): ReportMetric => ({
    ...bytes(name, label, description),
    unit: 'COUNT',
  });
  return [
    bytes('edgeBytes', 'Edge Bytes', `The volume for the amount of ${left}`),
    bytes('edgeBytesMax', 'Edge Bytes Max', `The highest volume for the amount of ${left}`),
    bytes('edgeBytesMin', 'Edge Bytes Min', `The lowest volume for the amount of ${left}`),
    bytes(
      'edgeBytesTotal',
      'Total Edge Bytes',
      'The total volume of edge traffic for given objects and filters.',
    ),
    // the label is the vendor's own slip
    count('edgeHits', 'Edge Bytes', 'The request count.'),
    count('edgeHitsMax', 'Edge Hits Max', 'The highest number of requests.'),
    count('edgeHitsMin', 'Edge Hits Min', 'The lowest number of requests.'),
    count(
      'edgeHitsTotal',
      'Total Edge Hits',
      'The total number of edge requests for given objects and filters.',
    ),
    bytes('midgressBytes', 'Midgress Bytes', `The volume for the amount of ${internal}`),
    bytes('midgressBytesMax', 'Midgress Bytes Max', `The highest volume for the amount of ${internal}`),
    bytes('midgressBytesMin', 'Midgress Bytes Min', `The lowest volume for the amount of ${internal}`),
    bytes('midgressBytesTotal', 'Total Midgress Bytes', `The total volume for the amount of ${internal}`),
  ];
}
