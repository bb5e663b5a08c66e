/** One server that a Redis client may begin with. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is, as `REDIS_URL` says it. User and password are decoded; they never belong into a message. */
export interface RedisAddress {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  /** The server; some nodes of the cluster; the sentinels. At least one. */
  readonly hosts: readonly RedisHost[];
  readonly tls: boolean;
  readonly user?: string;
  readonly password?: string;
  /** Number of the database; a cluster has only 0. */
  readonly database: number;
  /** Sentinel: the name that the sentinels know the primary by. */
  readonly primary?: string;
  /** Sentinel: the password of the sentinels themselves, when they have one. */
  readonly sentinelPassword?: string;
}

/** The address, or the rest of a sentence that begins with what was given: "is not …". */
export type ParsedRedisAddress =
  | { readonly ok: true; readonly address: RedisAddress }
  | { readonly ok: false; readonly sentence: string };

const SCHEME = /^(redis|rediss)(?:\+(cluster|sentinel))?:\/\//;
const HOST = /^(\[[0-9a-f:.]{2,45}\]|[^\s:/?#@[\],]+)(?::(\d{1,5}))?$/i;
const DEFAULT_PORTS = { single: 6379, cluster: 6379, sentinel: 26379 } as const;
const FORMS =
  'redis://host:6379, redis+cluster://host1:6379,host2:6379 or redis+sentinel://host1:26379,host2:26379/primary';

const refuse = (sentence: string): ParsedRedisAddress => ({ ok: false, sentence });

/**
 * Reads `redis[s]://[user:password@]host[:port][/database]`, `redis[s]+cluster://[user:password@]host[:port],…` and
 * `redis[s]+sentinel://[user:password@]host[:port],…/primary[/database][?sentinelPassword=…]`. The scheme says what
 * answers at the hosts: a client must know that before it connects.
 */
export function parseRedisAddress(text: string): ParsedRedisAddress {
  const [scheme, protocol, topology] = SCHEME.exec(text) ?? [];
  if (scheme === undefined) return refuse(`does not begin with redis:// or rediss://. Give ${FORMS}.`);
  const kind = topology === 'cluster' || topology === 'sentinel' ? topology : 'single';
  const [beforeQuery = '', query = ''] = text.slice(scheme.length).split('?', 2);
  const [authority = '', ...path] = beforeQuery.split('/');
  const credentials = readCredentials(authority);
  if (credentials === undefined) {
    return refuse('cannot be read. Percent-encode special characters in user and password.');
  }
  const hosts = readHosts(credentials.rest, DEFAULT_PORTS[kind]);
  if (hosts === undefined || hosts.length === 0)
    return refuse(`names no host that can be read. Give ${FORMS}.`);
  if (kind === 'single' && hosts.length > 1) {
    return refuse('names several hosts. Say what they are with redis+cluster:// or redis+sentinel://.');
  }
  const place = readPath(kind, path);
  if (typeof place === 'string') return refuse(place);
  const sentinelPassword = new URLSearchParams(query).get('sentinelPassword') ?? '';
  return {
    ok: true,
    address: {
      kind,
      hosts,
      tls: protocol === 'rediss',
      ...place,
      ...(credentials.user !== '' && { user: credentials.user }),
      ...(credentials.password !== '' && { password: credentials.password }),
      ...(sentinelPassword !== '' && { sentinelPassword }),
    },
  };
}

/** `host:port, …` with what it is, for messages: without user and password. */
export function toRedisLabel(address: RedisAddress): string {
  const hosts = address.hosts.map(({ host, port }) => `${host}:${port}`).join(', ');
  if (address.kind === 'cluster') return `the cluster of ${hosts}`;
  return address.kind === 'sentinel' ? `primary "${address.primary}" of the sentinels ${hosts}` : hosts;
}

function readCredentials(authority: string): { user: string; password: string; rest: string } | undefined {
  // the last one: a host cannot hold an @, a password that somebody forgot to encode can
  const at = authority.lastIndexOf('@');
  if (at < 0) return { user: '', password: '', rest: authority };
  const [user = '', ...password] = authority.slice(0, at).split(':');
  try {
    return {
      user: decodeURIComponent(user),
      password: decodeURIComponent(password.join(':')),
      rest: authority.slice(at + 1),
    };
  } catch {
    return undefined;
  }
}

function readHosts(text: string, defaultPort: number): RedisHost[] | undefined {
  const hosts: RedisHost[] = [];
  for (const item of text.split(',')) {
    const [, host = '', portText] = HOST.exec(item.trim()) ?? [];
    const port = portText === undefined ? defaultPort : Number(portText);
    if (host === '' || port < 1 || port > 65_535) return undefined;
    hosts.push({ host: host.replace(/^\[|\]$/g, ''), port });
  }
  return hosts;
}

function readPath(
  kind: RedisAddress['kind'],
  path: readonly string[],
): { readonly database: number; readonly primary?: string } | string {
  const names = path.filter((part) => part !== '');
  const primary = kind === 'sentinel' ? names.shift() : undefined;
  if (kind === 'sentinel' && primary === undefined) {
    return 'names no primary. Add the name that the sentinels know it by: redis+sentinel://host:26379/mymaster.';
  }
  const database = names.length === 0 ? 0 : Number(names[0]);
  if (names.length > 1 || !Number.isInteger(database) || database < 0) {
    return 'ends in something that is no database number.';
  }
  if (kind === 'cluster' && database !== 0) return 'names a database, but a cluster has only database 0.';
  return primary === undefined ? { database } : { database, primary };
}
