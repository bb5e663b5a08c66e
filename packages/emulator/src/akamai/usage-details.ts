/** Single calls of the vendor's APIs: what apiusagedetails-by-time audits, in seconds. */
import { createBoundedCache } from '../bounded-cache.ts';
import { DAY_MS, toDay, weekdayOf } from '../days.ts';
import type { Settings } from '../options.ts';
import type { Random } from '../random.ts';
import { at, createRandom, hash32 } from '../random.ts';
import { responseClass } from './endpoint-usage.ts';
import type { ReportFilterValues } from './validate.ts';

export interface ApiCall {
  clientId: string;
  clientIp: string;
  clientOwner: string;
  clientToken: string;
  /** Lower case, as the documentation shows it. */
  method: string;
  responseCode: string;
  timestampMs: number;
  uri: string;
  /** Only for the filters `contract_type` and `endpoint`. */
  contractId: string;
  endpoint: string;
}

export interface UsageDetails {
  /** Calls in `[fromMs, toMs)`, oldest first; the order within one second is stable. */
  calls(
    accountIds: readonly string[],
    fromMs: number,
    toMs: number,
    filters?: readonly ReportFilterValues[],
  ): ApiCall[];
}

const WEEKDAY_FACTORS = [0.4, 1.1, 1.2, 1.2, 1.15, 1.1, 0.5] as const;
const LISTED_METHODS = ['head', 'post', 'get', 'delete', 'put'];
const ENDPOINTS = [
  {
    endpoint: 'papi/v1',
    paths: ['/papi/v1/properties?contractId=ctr_1-3CV382&groupId=grp_15225', '/papi/v1/groups'],
  },
  {
    endpoint: 'config-dns/v2',
    paths: ['/config-dns/v2/zones/example.com/recordsets?types=A,AAAA,CNAME', '/config-dns/v2/zones'],
  },
  { endpoint: 'ccu/v3', paths: ['/ccu/v3/invalidate/url/production', '/ccu/v3/delete/tag/staging'] },
  {
    endpoint: 'reporting-api/v1',
    paths: [
      '/reporting-api/v1/reports',
      '/reporting-api/v1/reports/endpoint-usage-by-time/versions/1/report-data',
    ],
  },
  {
    endpoint: 'identity-management/v3',
    paths: ['/identity-management/v3/user-admin/ui-identities?filter="smith, j"'],
  },
  { endpoint: 'config-media-live/v2', paths: ['/config-media-live/v2/streams/main stage/index.html'] },
] as const;
const METHODS = [
  'get',
  'get',
  'get',
  'get',
  'get',
  'post',
  'post',
  'put',
  'delete',
  'patch',
  'head',
] as const;
const GOOD_CODES = ['200', '200', '200', '200', '200', '201', '204', '304'] as const;
const ERROR_CODES = ['400', '403', '404', '404', '429', '429', '500', '503'] as const;
const OWNERS = ['amartin', 'deploy-bot', 'j.smith, contractor', 'noc', 'reporting'] as const;
/** Share of failing calls of each owner: people mistype, scripts are throttled. */
const ERROR_SHARES = [0.08, 0.02, 0.13, 0.01, 0.05] as const;
const CONTRACTS = ['1-3CV382', '1-6T5ZND'] as const;

export function createUsageDetails(settings: Settings): UsageDetails {
  const cache = createBoundedCache<string, readonly ApiCall[]>(500_000, (calls) => calls.length + 1);

  function callsOfDay(accountId: string, day: number): readonly ApiCall[] {
    if (day < settings.firstDay || day > settings.lastDay) return [];
    return cache.getOrCreate(`${accountId}|${day}`, () => createCalls(settings, accountId, day));
  }

  const burst = createBurst(settings);
  return {
    calls: (accountIds, fromMs, toMs, filters = []) => {
      const found: ApiCall[] = [];
      for (let day = toDay(fromMs); day <= toDay(toMs - 1); day += 1) {
        const calls = accountIds.flatMap((accountId) => [
          ...callsOfDay(accountId, day),
          ...(accountId === settings.akamai.accountIds[0] ? (burst.get(day) ?? []) : []),
        ]);
        // a stable sort: calls of one second stay in the order of accounts and creation
        if (accountIds.length > 1 || burst.size > 0)
          calls.sort((left, right) => left.timestampMs - right.timestampMs);
        for (const call of calls) {
          const inPeriod = call.timestampMs >= fromMs && call.timestampMs < toMs;
          if (inPeriod && filters.every((filter) => passes(call, filter))) found.push(call);
        }
      }
      return found;
    },
  };
}

/** Calls of the burst by UTC day, evenly spread over its seconds. */
function createBurst({ seed, akamai }: Settings): Map<number, ApiCall[]> {
  const { detailsBurst: burst, accountIds } = akamai;
  if (burst === undefined) return new Map();
  const random = createRandom(hash32(seed, 'burst'));
  const seconds = (burst.to.getTime() - burst.from.getTime()) / 1000;
  const calls = Array.from({ length: burst.calls }, (_, index) => {
    const second = Math.floor((index * seconds) / burst.calls);
    return createCall(random, accountIds[0] ?? '', burst.from.getTime() + second * 1000);
  });
  return Map.groupBy(calls, (call) => toDay(call.timestampMs));
}

function createCalls(settings: Settings, accountId: string, day: number): ApiCall[] {
  const random = createRandom(hash32(settings.seed, 'calls', accountId, day));
  const expected = settings.akamai.detailsPerDay * at(WEEKDAY_FACTORS, weekdayOf(day));
  const count = Math.floor(expected * (0.9 + 0.2 * random.next()));
  const seconds = Array.from({ length: count }, () => secondOfDay(random)).sort(
    (left, right) => left - right,
  );
  const calls: ApiCall[] = [];
  for (const second of seconds) {
    const before = calls.at(-1);
    // now and then a client repeats itself within a second: equal rows are legitimate
    const repeats = before !== undefined && random.chance(0.01);
    calls.push(repeats ? { ...before } : createCall(random, accountId, day * DAY_MS + second * 1000));
  }
  return calls;
}

/** Office hours see twice the calls of the rest of the day. */
function secondOfDay(random: Random): number {
  return random.chance(0.5) ? 8 * 3600 + random.int(10 * 3600) : random.int(86_400);
}

function createCall(random: Random, accountId: string, timestampMs: number): ApiCall {
  // the lesser of two: the first owners call the most
  const client = Math.min(random.int(OWNERS.length), random.int(OWNERS.length));
  const { endpoint, paths } = random.pick(ENDPOINTS);
  const clientHash = hash32(accountId, client).toString(16).padStart(8, '0');
  return {
    clientId: `client-${clientHash}`,
    clientIp: `198.51.100.${10 + client * 7 + random.int(3)}`,
    clientOwner: at(OWNERS, client),
    clientToken: `akab-${clientHash}-token`,
    method: random.pick(METHODS),
    responseCode: random.pick(random.chance(at(ERROR_SHARES, client)) ? ERROR_CODES : GOOD_CODES),
    timestampMs,
    uri: `akab-${hash32(accountId).toString(16)}.luna.akamaiapis.net${random.pick<string>(paths)}`,
    contractId: at(CONTRACTS, client % CONTRACTS.length),
    endpoint,
  };
}

function passes(call: ApiCall, filter: ReportFilterValues): boolean {
  const { name, values } = filter;
  if (name.startsWith('url_')) return passesUrl(call.uri, name.slice('url_'.length), values);
  switch (name) {
    case 'http_method':
      return values.includes(LISTED_METHODS.includes(call.method) ? call.method : 'other');
    case 'response_code':
      return values.includes(call.responseCode);
    case 'response_class':
      return values.includes(responseClass(call.responseCode));
    case 'response_status':
      return values.includes(Number(call.responseCode) < 400 ? 'success' : 'error');
    case 'client_token':
      return values.includes(call.clientToken);
    case 'username':
      return values.includes(call.clientOwner);
    case 'contract_type':
      return values.includes(call.contractId);
    case 'endpoint':
      return values.includes(call.endpoint);
    default:
      return true;
  }
}

/** Several values of a positive filter mean any of them, of a negative one none of them. */
function passesUrl(uri: string, rule: string, values: readonly string[]): boolean {
  const negative = rule.startsWith('not_');
  const kind = negative ? rule.slice('not_'.length) : rule;
  const matches = values.some((value) => {
    if (kind === 'contain') return uri.includes(value);
    if (kind === 'start_with') return uri.startsWith(value);
    if (kind === 'end_with') return uri.endsWith(value);
    if (kind === 'exact_match') return uri === value;
    return matchesPattern(uri, value);
  });
  return negative ? !matches : matches;
}

/** `url_match`: the vendor does not say what matching is; here `*` stands for any text. */
function matchesPattern(uri: string, pattern: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 's').test(uri);
}
