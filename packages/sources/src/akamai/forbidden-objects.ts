import { DAY_MS, type Finding } from '@edgeledger/core';
import type { AkamaiAnswer } from './client.ts';
import type { AkamaiWindow } from './window.ts';
import type { OpenWindowRequest } from './window-reader.ts';

export interface ForbiddenObjects {
  /** What of the stream's objects may be asked for, with a finding about those that may not. */
  allowed(
    request: OpenWindowRequest,
    window: AkamaiWindow,
  ): { readonly objectIds: 'all' | readonly string[]; readonly findings: readonly Finding[] };
  /** Takes the ids that a 403 names out of the stream; false when that is not allowed or does not help. */
  learn(
    request: OpenWindowRequest,
    answer: Extract<AkamaiAnswer, { kind: 'refused' }>,
    asked: 'all' | readonly string[],
  ): boolean;
}

/**
 * One unauthorised id fails the whole request (akamai.md, section 1.6). Where the operator allowed it, such ids are
 * left out, for a day: rights may be granted.
 */
export function createForbiddenObjects(): ForbiddenObjects {
  const known = new Map<string, { readonly ids: ReadonlySet<string>; readonly untilMs: number }>();
  const keyOf = ({ streamDataset: { stream, report } }: OpenWindowRequest) => `${report.name}/${stream.name}`;
  const idsOf = (request: OpenWindowRequest): ReadonlySet<string> => {
    const found = known.get(keyOf(request));
    return found !== undefined && request.now.getTime() < found.untilMs ? found.ids : new Set();
  };

  return {
    allowed(request, window) {
      const { stream } = request.streamDataset;
      const asked = window.objectId === '' ? stream.objectIds : [window.objectId];
      if (asked === 'all') return { objectIds: 'all', findings: [] };
      const dropped = asked.filter((id) => idsOf(request).has(id));
      if (dropped.length === 0) return { objectIds: asked, findings: [] };
      return {
        objectIds: asked.filter((id) => !dropped.includes(id)),
        findings: [toFinding(dropped, request)],
      };
    },
    learn(request, answer, asked) {
      const { stream } = request.streamDataset;
      if (answer.status !== 403 || stream.dropForbiddenObjects !== true || asked === 'all') return false;
      const named = findIds(answer.body);
      const forbidden = asked.filter((id) => named.has(id));
      if (forbidden.length === 0) return false;
      known.set(keyOf(request), {
        ids: new Set([...idsOf(request), ...forbidden]),
        untilMs: request.now.getTime() + DAY_MS,
      });
      return true;
    },
  };
}

/** The ids in brackets that the message names. */
function findIds(body: string): ReadonlySet<string> {
  const lists = [...body.matchAll(/\[([^[\]{}]*)\]/g)].map((match) => match[1] ?? '');
  return new Set(lists.flatMap((list) => list.split(/[\s,;"']+/)).filter((id) => id !== ''));
}

function toFinding(ids: readonly string[], { streamDataset, logger, part }: OpenWindowRequest): Finding {
  const message = `Akamai forbids ${ids.join(', ')} to this API client: stream ${streamDataset.stream.name} was read without them.`;
  logger.warn({ part: part.name, objectIds: ids }, message);
  return { kind: 'objects-dropped', message, details: { objectIds: ids } };
}
