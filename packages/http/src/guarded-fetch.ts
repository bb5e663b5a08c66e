import { isIP } from 'node:net';
import { FORBIDDEN_ADDRESS, guardedLookup, isForbiddenAddress } from './guarded-lookup.ts';

/**
 * The platform's `fetch`, for libraries that bring their own requests: it connects to no address that {@link guardedLookup}
 * refuses, whether it is resolved, written out, or where a redirect leads.
 */
export function createGuardedFetch(): typeof globalThis.fetch {
  let opened: ReturnType<typeof openGuarded> | undefined;
  const guarded = async (input: string | URL, init: object = {}) => {
    opened ??= openGuarded();
    const { fetch, dispatcher } = await opened;
    return await fetch(input, { ...init, dispatcher });
  };
  // undici's types and those of the platform, which is undici, too, are written twice
  return guarded as unknown as typeof globalThis.fetch;
}

/** Its library is loaded with the first request, as for our own requests. */
async function openGuarded() {
  const { Agent, buildConnector, fetch } = await import('undici');
  const connect = buildConnector({ lookup: guardedLookup });
  const dispatcher = new Agent({
    connect: (target, callback) => {
      const literal = target.hostname.replace(/^\[|\]$/g, '');
      if (isIP(literal) !== 0 && isForbiddenAddress(literal)) callback(toForbidden(target.hostname), null);
      else connect(target, callback);
    },
  });
  return { fetch, dispatcher };
}

function toForbidden(host: string): Error {
  return Object.assign(new Error(`${host} is no allowed address`), { code: FORBIDDEN_ADDRESS });
}
