import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@edgeledger/core';
import type { Account, Person } from './people.ts';

/**
 * Log-ins as signed cookies: nothing is kept on the server but what was logged out. The key depends on the
 * accounts, too, so a changed password or a removed user ends its sessions.
 */
export interface Sessions {
  /** The value of a `set-cookie` header. */
  open(account: Account, isSecure: boolean): string;
  find(cookies: string | undefined): Person | undefined;
  /** The value of a `set-cookie` header that removes the cookie; the session is void from now on. */
  end(cookies: string | undefined): string;
  /** A token for a form of this person; another text every time, so that compression tells nothing of it. */
  createFormToken(person: Person): string;
  isFormToken(person: Person, token: unknown): boolean;
}

const COOKIE = 'edgeledger_session';
const LIFETIME_S = 12 * 60 * 60;
const MAX_ENDED = 10_000;

export function createSessions(
  accounts: readonly Account[],
  options: { readonly clock: Clock; readonly secret?: string | undefined },
): Sessions {
  const { clock } = options;
  const root = options.secret ?? randomBytes(32).toString('hex');
  const material = JSON.stringify(
    accounts.map(({ user, password, role }) => [user, password.reveal(), role]),
  );
  const key = createHmac('sha256', root).update(material).digest();
  const sign = (purpose: string, text: string): Buffer =>
    createHmac('sha256', key).update(`${purpose}\n${text}`).digest();
  const ended = new Map<string, number>();

  const read = (
    cookies: string | undefined,
  ): { readonly id: string; readonly user: string; readonly endsAt: number } | undefined => {
    const value = findCookie(cookies, COOKIE);
    const [payload = '', signature = ''] = value?.split('.') ?? [];
    if (!isEqual(Buffer.from(signature, 'base64url'), sign('session', payload))) return undefined;
    const [id, user, endsAt] = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as [
      string,
      string,
      number,
    ];
    return endsAt > clock.now().getTime() && !ended.has(id) ? { id, user, endsAt } : undefined;
  };
  return {
    open: ({ user }, isSecure) => {
      const endsAt = clock.now().getTime() + LIFETIME_S * 1000;
      const payload = Buffer.from(JSON.stringify([randomBytes(16).toString('hex'), user, endsAt])).toString(
        'base64url',
      );
      const value = `${payload}.${sign('session', payload).toString('base64url')}`;
      return `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${LIFETIME_S}${isSecure ? '; Secure' : ''}`;
    },
    find: (cookies) => {
      const session = read(cookies);
      const account = accounts.find(({ user }) => user === session?.user);
      if (session === undefined || account === undefined) return undefined;
      return { name: account.user, role: account.role, formKey: session.id, hasSession: true };
    },
    end: (cookies) => {
      const session = read(cookies);
      if (session !== undefined) {
        for (const [id, endsAt] of ended) if (endsAt <= clock.now().getTime()) ended.delete(id);
        if (ended.size < MAX_ENDED) ended.set(session.id, session.endsAt);
      }
      return `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`;
    },
    createFormToken: ({ formKey }) => {
      const mask = randomBytes(32);
      return `${mask.toString('base64url')}.${mix(mask, sign('form', formKey)).toString('base64url')}`;
    },
    isFormToken: ({ formKey }, token) => {
      if (typeof token !== 'string') return false;
      const [mask, mixed] = token.split('.').map((part) => Buffer.from(part, 'base64url'));
      if (mask?.length !== 32 || mixed?.length !== 32) return false;
      return isEqual(mix(mask, mixed), sign('form', formKey));
    },
  };
}

function mix(mask: Buffer, bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ (mask[index] ?? 0)));
}

function isEqual(given: Buffer, wanted: Buffer): boolean {
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** RFC 6265, section 5.4. */
function findCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
