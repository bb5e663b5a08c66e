/** apiusagedetails-by-time as its documentation page shows it, wording and stray blanks included. */
import type { ReportFilter, ReportMetric, ReportTypeResource } from './report-type.ts';
import { INTERVALS, linksOf } from './report-type.ts';

const HTTP_METHODS: readonly { value: string; description?: string }[] = [
  {
    value: 'head',
    description:
      'Retrieves header information about the target resource, with no message body in the response. ',
  },
  { value: 'other' },
  { value: 'post', description: 'Sends information to the server.' },
  { value: 'get', description: 'Retrieves information about the target resource.' },
  { value: 'delete', description: 'Removes all information about the target resource.' },
  { value: 'put', description: 'Replaces existing information about the target resource.' },
];

const RESPONSE_CLASSES: readonly { value: string; description: string }[] = [
  { value: '0xx', description: 'An aborted action on the client side.' },
  { value: '1xx', description: 'An informational response, like Continue.' },
  { value: '2xx', description: 'A successful response.' },
  { value: '3xx', description: 'Success, but a redirect where the thing you want is somewhere else.' },
  { value: '4xx', description: 'Error, where there’s some problem with the client request.' },
  {
    value: '5xx',
    description:
      'Error, where there’s some problem with how the API server responded to the client request. ',
  },
  { value: '6xx', description: 'Invalid headers (defined by Akamai).' },
];

export function usageDetailsType(limit: number): ReportTypeResource {
  const name = 'apiusagedetails-by-time';
  return {
    name,
    description:
      'This report allows you to audit details of latest individual API calls for a given timeframe.',
    businessObjectName: 'account_id',
    version: 1,
    status: 'PUBLISHED',
    deprecated: false,
    timeBased: false,
    supportsPagination: false,
    outputType: 'FLAT',
    requiredProducts: ['EDGECONTROL'],
    requiredRoles: ['IDM: API Clients - Admin Access'],
    available: true,
    metrics: [
      metric('timestamp', 'Timestamp', 'Date and time of API request.'),
      metric('clientOwner', 'Client owner', 'Username of client owner.'),
      metric('clientIp', 'Client IP', 'IP generating API request.'),
      metric('clientId', 'Client ID', 'ID of client generating API request.'),
      metric('clientToken', 'Client token', 'Client token used for generating API request.'),
      metric('method', 'Method', 'A request method indicating the action performed on a resource.'),
      metric('uri', 'URI', 'API request details.'),
      metric('responseCode', 'Response code', 'Response code for the API request.'),
    ],
    groupOutlyingValues: { enabled: false },
    filters: filters(),
    intervals: INTERVALS,
    dataRetentionDays: 92,
    limit,
    maxLimit: 25000,
    links: linksOf(name),
  };
}

function metric(name: string, label: string, description: string): ReportMetric {
  return { name, description, label, unit: 'STRING', summaryStatistic: false };
}

function filters(): ReportFilter[] {
  const text = (name: string, description: string): ReportFilter => ({
    name,
    type: 'string',
    description,
    required: false,
  });
  const choice = (name: string, description: string, values: ReportFilter['values']): ReportFilter => ({
    name,
    type: 'enum',
    description,
    values: values ?? [],
    required: false,
  });
  return [
    text('url_contain', 'URL contains the specified string.'),
    text('url_not_contain', 'URL does not contain the specified string.'),
    text('url_match', 'URL matches the specified string.'),
    text('url_not_start_with', 'URL does not start with the specified string.'),
    choice(
      'response_class',
      'A class of HTTP response status codes, from 0xx through 6xx. ',
      RESPONSE_CLASSES,
    ),
    text('contract_type', 'Contract type.'),
    text('username', 'Name of client generating API request.'),
    text('url_not_end_with', 'URL does not end with the specified string.'),
    text('endpoint', 'An API endpoint enabled by Akamai.'),
    text('client_token', 'Client token used for generating API request.'),
    text('url_exact_match', 'URL is an exact match for the specified string.'),
    choice('http_method', 'A request method indicating the action performed on a resource.', HTTP_METHODS),
    text('response_code', 'An HTTP response status code, for example, 201.'),
    text('url_not_match', 'URL does not match the specified string.'),
    text('url_start_with', 'URL starts with the specified string.'),
    text('url_end_with', 'URL ends with the specified string.'),
    choice('response_status', 'An indicator of whether the HTTP response resulted in success or an error.', [
      { value: 'success', description: 'Successful HTTP response status.' },
      { value: 'error', description: 'Error HTTP response status.Y' },
    ]),
  ];
}
