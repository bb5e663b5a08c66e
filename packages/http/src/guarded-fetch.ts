import { isIP } from 'node:net';
import { Agent, buildConnector, fetch } from 'undici';
import { FORBIDDEN_ADDRESS, guardedLookup, isForbiddenAddress } from './guarded-lookup.ts';

/**
 * The platform's `fetch`, for libraries that bring their own requests: it connects to no address that {@link guardedLookup}
 * refuses, whether it is resolved, written out, or where a redirect leads.
 */
export function createGuardedFetch(): typeof globalThis.fetch {
  const connect = buildConnector({ lookup: guardedLookup });
  const dispatcher = new Agent({
    connect: (target, callback) => {
      const literal = target.hostname.replace(/^\[|\]$/g, '');
      if (isIP(literal) !== 0 && isForbiddenAddress(literal)) callback(toForbidden(target.hostname), null);
      else connect(target, callback);
    },
  });
  const guarded = (input: string | URL, init: object = {}) => fetch(input, { ...init, dispatcher });
  // undici's types and those of the platform, which is undici, too, are written twice
  return guarded as unknown as typeof globalThis.fetch;
}

function toForbidden(host: string): Error {
  return Object.assign(new Error(`${host} is no allowed address`), { code: FORBIDDEN_ADDRESS });
}
