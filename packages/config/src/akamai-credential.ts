import { Secret } from '@edgeledger/core';
import { parseEdgerc } from './edgerc.ts';
import type { Given, Problems } from './problems.ts';
import type { TextFiles } from './text-files.ts';
import { checkAkamaiHost, checkCredential } from './values.ts';

export interface AkamaiCredential {
  readonly host: URL;
  readonly clientToken: Secret;
  readonly clientSecret: Secret;
  readonly accessToken: Secret;
  readonly accountSwitchKey?: string;
}

/** The four values of a credential by the names of `.edgerc`. */
export const CREDENTIAL_KEYS = ['host', 'client_token', 'client_secret', 'access_token'] as const;
export type CredentialKey = (typeof CREDENTIAL_KEYS)[number];

/** All four, judged; undefined when one is refused. */
export function toCredential(
  given: Readonly<Record<CredentialKey, Given>>,
  problems: Problems,
): AkamaiCredential | undefined {
  const secret = (key: CredentialKey): Secret | undefined => {
    const result = checkCredential(given[key].text);
    return result.ok ? new Secret(result.value) : problems.reject(given[key], result.sentence);
  };
  const checkedHost = checkAkamaiHost(given.host.text);
  const host = checkedHost.ok ? checkedHost.value : problems.reject(given.host, checkedHost.sentence);
  const clientToken = secret('client_token');
  const clientSecret = secret('client_secret');
  const accessToken = secret('access_token');
  if (!host || !clientToken || !clientSecret || !accessToken) return undefined;
  return { host, clientToken, clientSecret, accessToken };
}

export interface EdgercPlace {
  /** Who names the file, for messages: a variable, or a place in the configuration file. */
  readonly label: string;
  readonly path: string;
  readonly section: string;
}

/** Reads one section of an `.edgerc` file and says exactly what is missing in it. */
export function loadEdgerc(
  place: EdgercPlace,
  files: TextFiles,
  problems: Problems,
): AkamaiCredential | undefined {
  const { label, path, section } = place;
  const read = files.read(path);
  if (read.kind === 'unreadable') {
    problems.add(label, `The file ${path} cannot be read (${read.reason}). Name an existing .edgerc file.`);
    return undefined;
  }
  const sections = parseEdgerc(read.text);
  const values = sections.get(section);
  if (values === undefined) {
    const found = sections.size === 0 ? 'no section' : `only ${[...sections.keys()].join(', ')}`;
    problems.add(label, `The file ${path} has no section [${section}], ${found}. Name one that it has.`);
    return undefined;
  }
  const given = (key: CredentialKey): Given => ({
    label: `${label}: [${section}] ${key} in ${path}`,
    text: values.get(key) ?? '',
    secret: key !== 'host',
  });
  const missing = CREDENTIAL_KEYS.filter((key) => given(key).text === '');
  if (missing.length > 0) {
    problems.add(label, `Section [${section}] of ${path} lacks ${missing.join(', ')}. Add what is missing.`);
    return undefined;
  }
  const credential = toCredential(
    {
      host: given('host'),
      client_token: given('client_token'),
      client_secret: given('client_secret'),
      access_token: given('access_token'),
    },
    problems,
  );
  // Akamai's Go tools keep the account switch key beside the credential
  const accountSwitchKey = values.get('account_key') ?? '';
  return credential === undefined || accountSwitchKey === ''
    ? credential
    : { ...credential, accountSwitchKey };
}
