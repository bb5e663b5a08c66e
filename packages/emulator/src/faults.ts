/** Faults are a script ("the third download is cut after 10 kB"), never a probability. */

export type ServerName = 'imgix' | 'files' | 'akamai';

export type FaultAction =
  /** Answers this instead of the real thing. */
  | { kind: 'status'; status: number; body?: string | Buffer; headers?: Readonly<Record<string, string>> }
  /** Sends the true headers and the first bytes of the body, then destroys the socket. */
  | { kind: 'cut'; afterBytes: number }
  /** Answers in full, but pauses before the headers or, with `afterBytes`, inside the body. */
  | { kind: 'stall'; ms: number; afterBytes?: number }
  /** Resets the connection without an answer. */
  | { kind: 'reset' }
  /** Flips bits in the middle of the body; length and checksum headers stay those of the true body. */
  | { kind: 'corrupt' }
  /** Leaves out the end of the body and says a length that fits: nothing but the content shows it. */
  | { kind: 'truncate'; keepShare: number }
  /** Sends the true body with checksum headers of another one. */
  | { kind: 'wrong-hash' }
  /** Sends the body in small pieces, at about so many bytes per second. */
  | { kind: 'slow'; bytesPerSecond: number }
  /** Files: answers as for an expired link. imgix API: the links in this answer are expired already. */
  | { kind: 'expire-link' };

export interface Fault {
  server: ServerName;
  /** Tested on path and query as they came in; leave it out to match every request of the server. */
  match?: RegExp;
  /** The first matching request to hit, counted from 1 since the fault was added. Default 1. */
  nth?: number;
  /** How many matching requests in a row to hit. Default 1; `Infinity` = until removed. */
  times?: number;
  action: FaultAction;
}

export interface ScriptedFault {
  readonly fault: Fault;
  /** Matching requests so far. */
  readonly matched: number;
  /** Requests that were hit so far. */
  readonly applied: number;
  remove(): void;
}

export interface FaultScript {
  add(fault: Fault): ScriptedFault;
  clear(): void;
}

/** The script and the side that the listeners ask. Every matching fault counts; the first due one acts. */
export interface FaultRegistry extends FaultScript {
  take(server: ServerName, url: string): FaultAction | undefined;
}

export function createFaultRegistry(): FaultRegistry {
  const entries = new Set<{ fault: Fault; matched: number; applied: number }>();
  return {
    add: (fault) => {
      const entry = { fault, matched: 0, applied: 0 };
      entries.add(entry);
      return {
        fault,
        get matched() {
          return entry.matched;
        },
        get applied() {
          return entry.applied;
        },
        remove: () => entries.delete(entry),
      };
    },
    clear: () => entries.clear(),
    take: (server, url) => {
      let action: FaultAction | undefined;
      for (const entry of entries) {
        if (entry.fault.server !== server || !matches(entry.fault.match, url)) continue;
        entry.matched += 1;
        const first = entry.fault.nth ?? 1;
        const due = entry.matched >= first && entry.matched < first + (entry.fault.times ?? 1);
        if (!due || action !== undefined) continue;
        entry.applied += 1;
        action = entry.fault.action;
      }
      return action;
    },
  };
}

/** Free of the memory that a /g expression keeps between tests. */
function matches(pattern: RegExp | undefined, url: string): boolean {
  return pattern === undefined || url.search(pattern) >= 0;
}

/** The same length with three bytes inverted, near the middle where content is. */
export function corruptBytes(body: Buffer): Buffer {
  const damaged = Buffer.from(body);
  for (const share of [0.4, 0.5, 0.6]) {
    const index = Math.floor(damaged.length * share);
    if (index < damaged.length) damaged[index] = (damaged[index] ?? 0) ^ 0xff;
  }
  return damaged;
}
