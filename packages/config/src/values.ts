import { parseRedisAddress } from '@edgeledger/core';
import { didYouMean } from './suggest.ts';

/**
 * What a text means, or why it is refused. `sentence` follows the given text: "is not a port. Give …".
 * Each rule is written once here, for the environment and for the file alike.
 */
export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly sentence: string };

export type Check<Value> = (text: string) => Checked<Value>;

const accept = <Value>(value: Value): Checked<Value> => ({ ok: true, value });
const refuse = (sentence: string): Checked<never> => ({ ok: false, sentence });

export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

export function wholeNumber(min: number, max: number): Check<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max
      ? accept(value)
      : refuse(`is not a whole number from ${min} to ${max}.`);
  };
}

export const checkShare: Check<number> = (text) => {
  const value = /^(?:\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  return value <= 1 ? accept(value) : refuse('is not a share from 0 to 1, for example 0.01.');
};

export function oneOf<const Choice extends string>(choices: readonly Choice[]): Check<Choice> {
  return (text) => {
    const lower = text.toLowerCase();
    const choice = choices.find((candidate) => candidate === lower);
    return choice === undefined
      ? refuse(`is not one of: ${choices.join(', ')}${didYouMean(lower, choices)}.`)
      : accept(choice);
  };
}

export function matching(pattern: RegExp, sentence: string): Check<string> {
  return (text) => (pattern.test(text) ? accept(text) : refuse(sentence));
}

/** Names of accounts and streams stand in report keys, queue names and tables. */
export const checkName = matching(
  /^[a-z0-9][a-z0-9_-]{0,62}$/,
  'is not a name. Use lower-case letters, digits, "_" and "-", beginning with a letter or digit.',
);

/** What a header value can hold; a line break or blank in a credential is a mistake in copying it. */
export const checkCredential = matching(
  /^[\x21-\x7e]+$/,
  'contains white space or other characters that a credential cannot have. Copy it again.',
);

/** Hosts that are this machine itself: what is sent there does not leave it. */
export function isLoopbackHost(host: string): boolean {
  const plain = host.toLowerCase().replace(/^\[|\]$/g, '');
  return plain === 'localhost' || plain === '::1' || /^127(?:\.\d{1,3}){3}$/.test(plain);
}

/** An http(s) origin. A credential goes there, so it must be https unless it stays on this machine. */
export const checkOrigin: Check<URL> = (text) => {
  if (!URL.canParse(text))
    return refuse('is not a URL. Give an origin, for example https://api.example.com.');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refuse('is not an https URL.');
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return refuse('would send the credential unencrypted. Use https (plain http only to loopback).');
  }
  if (url.username !== '' || url.password !== '') return refuse('must not contain a user or password.');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return refuse('is more than an origin. Leave out what follows the host and port.');
  }
  return accept(url);
};

/** Where a storage service is. Requests to it are signed, no secret goes there: plain http is the owner's choice. */
export const checkServiceOrigin: Check<URL> = (text) => {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return refuse('is not an http or https URL.');
  if (url.username !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return refuse('is more than an origin. Give it as https://host; the bucket has a setting of its own.');
  }
  return accept(url);
};

export const checkBucket = matching(
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  'is not a bucket name. Use 3 to 63 lower-case letters, digits, "." and "-".',
);

export const checkPrefix = matching(
  /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/,
  'is not a folder in a bucket. Use letters, digits, "_", "-" and ".", with "/" only between folders.',
);

/** An http(s) URL with any path, for webhooks and collectors. */
export const checkHttpUrl: Check<string> = (text) =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
    ? accept(text)
    : refuse('is not an http or https URL.');

/** Where alerts go. Its path is a credential with most receivers, so it must be https unless it stays on this machine. */
export const checkWebhook: Check<string> = (text) => {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return refuse('is not an http or https URL.');
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return refuse('would send the alerts unencrypted. Use https (plain http only to loopback).');
  }
  if (url.username !== '' || url.password !== '') return refuse('must not contain a user or password.');
  return accept(text);
};

/** A connection string of one of the given schemes, without the colon. */
export function connectionUrl(schemes: readonly string[]): Check<string> {
  const wanted = schemes.map((scheme) => `${scheme}://`).join(' or ');
  return (text) => {
    if (!schemes.some((scheme) => text.startsWith(`${scheme}://`))) {
      return refuse(`does not begin with ${wanted}`);
    }
    return URL.canParse(text)
      ? accept(text)
      : refuse('cannot be read as a URL. Percent-encode special characters in user and password.');
  };
}

/** Where the queue is: one Redis, a cluster, or sentinels. The text stays as it is. */
export const checkRedisUrl: Check<string> = (text) => {
  const parsed = parseRedisAddress(text);
  return parsed.ok ? accept(text) : refuse(parsed.sentence);
};

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*$/;
const IPV6_IN_BRACKETS = /^\[[0-9a-f:.]{2,45}\]$/;

/** `host` or `host:port`, in lower case. */
export const checkHost: Check<string> = (text) => {
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text.toLowerCase()) ?? [];
  const isPort = port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
  if (isPort && (HOST_NAME.test(host) || IPV6_IN_BRACKETS.test(host))) {
    return accept(port === undefined ? host : `${host}:${port}`);
  }
  return refuse('is not a host. Give host or host:port, without scheme, path or wildcard.');
};

/** The address a server listens on. */
export const checkListenHost: Check<string> = (text) => {
  const plain = text.toLowerCase().replace(/^\[|\]$/g, '');
  return HOST_NAME.test(plain) || IPV6_IN_BRACKETS.test(`[${plain}]`)
    ? accept(plain)
    : refuse('is not an address. Give a host name or IP address without scheme and port.');
};

/** `host`, `host:port` or `https://host/`, as `.edgerc` files and the AKAMAI_HOST of other tools have it. */
export const checkAkamaiHost: Check<URL> = (text) => {
  const origin = checkOrigin(text.includes('://') ? text : `https://${text}`);
  return origin.ok
    ? origin
    : refuse('is not a host. Give host, host:port or https://host, as in the .edgerc file.');
};

/** CP codes are numbers; the query format of Akamai has them as texts. */
export const checkCpCode = matching(/^\d{1,18}$/, 'is not a CP code. Give digits only.');

export const checkAccountId = matching(
  /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/,
  'is not an account id. Use letters, digits, "-", "_", "." and ":".',
);
