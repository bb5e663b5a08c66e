import { createHash, timingSafeEqual } from 'node:crypto';
import { ConfigError, type Secret } from '@edgeledger/core';

/** A viewer looks, an operator looks and acts. */
export type Role = 'viewer' | 'operator';

/** Who sent a request. */
export interface Person {
  readonly name: string;
  readonly role: Role;
  /** What a form of theirs is bound to, so that a form of somebody else is refused. */
  readonly formKey: string;
  /** Logged in with a form, so there is a session to end. */
  readonly hasSession: boolean;
}

export interface Account {
  readonly user: string;
  readonly password: Secret;
  readonly role: Role;
}

/** Whoever reaches a dashboard without a password: it listens on this machine only. */
export const LOCAL_PERSON: Person = {
  name: 'local',
  role: 'operator',
  formKey: 'local',
  hasSession: false,
};

export interface AccountOptions {
  readonly host: string;
  readonly user?: string;
  readonly password?: Secret;
  readonly viewer?: { readonly user: string; readonly password: Secret };
}

export function isLoopbackHost(host: string): boolean {
  const plain = host.toLowerCase().replace(/^\[|\]$/g, '');
  return plain === 'localhost' || plain === '::1' || /^127(?:\.\d{1,3}){3}$/.test(plain);
}

/**
 * Who may come in; none on loopback without a password: then everybody may.
 *
 * @throws ConfigError `config.missing` when other machines could come in without a password.
 */
export function toAccounts({ host, user, password, viewer }: AccountOptions): readonly Account[] {
  if (user !== undefined && password !== undefined) {
    const operator: Account = { user, password, role: 'operator' };
    return viewer === undefined ? [operator] : [operator, { ...viewer, role: 'viewer' }];
  }
  if (user === undefined && password === undefined && viewer === undefined && isLoopbackHost(host)) return [];
  const found =
    viewer !== undefined
      ? 'only a viewer'
      : user === undefined && password === undefined
        ? 'no password'
        : 'only one of the two';
  throw new ConfigError(
    'config.missing',
    `Starting the dashboard on ${host}: ${found} is set. Set DASHBOARD_USER and DASHBOARD_PASSWORD, or unset both and use HOST=127.0.0.1.`,
  );
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Digests are compared, and every account is looked at, so that time tells neither names nor passwords. */
export function findAccount(
  accounts: readonly Account[],
  given: { readonly user: string; readonly password: string },
): Account | undefined {
  const [user, password] = [digest(given.user), digest(given.password)];
  let found: Account | undefined;
  for (const account of accounts) {
    const isUser = timingSafeEqual(user, digest(account.user));
    const isPassword = timingSafeEqual(password, digest(account.password.reveal()));
    if (isUser && isPassword) found = account;
  }
  return found;
}

/** RFC 7617. Undefined when the header holds no user and password. */
export function readBasic(
  header: string | undefined,
): { readonly user: string; readonly password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header ?? '')?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
