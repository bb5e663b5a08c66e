import type { AkamaiStream } from './config.ts';
import type { FileStream } from './file-schema.ts';
import type { Problems } from './problems.ts';
import { checkCpCode } from './values.ts';

type Label = (path: readonly (string | number)[]) => string;

function toObjectIds(stream: FileStream): 'all' | readonly string[] {
  const ids = stream.objectIds ?? ['all'];
  return ids.length === 1 && ids[0] === 'all' ? 'all' : ids;
}

function reportObjectIds(stream: FileStream, label: Label, problems: Problems): void {
  const ids = toObjectIds(stream);
  if (stream.dataset === 'api_usage_details') {
    if (ids === 'all') problems.add(label(['objectIds']), 'api_usage_details needs a list of account ids.');
    return;
  }
  if (ids === 'all') return;
  for (const [index, id] of ids.entries()) {
    const result = checkCpCode(id);
    const given = { label: label(['objectIds', index]), text: id, secret: false };
    if (!result.ok) problems.reject(given, result.sentence);
  }
}

function toStream(stream: FileStream, label: Label, problems: Problems): AkamaiStream {
  reportObjectIds(stream, label, problems);
  if (stream.dataset === 'endpoint_usage_by_time' && stream.api === 'v2') {
    problems.add(label(['api']), '"v2" does not have endpoint_usage_by_time. Use v1, or leave it out.');
  }
  return {
    name: stream.name ?? 'default',
    dataset: stream.dataset,
    objectIds: toObjectIds(stream),
    splitByObject: stream.splitByObject ?? false,
    ...(stream.api === undefined ? {} : { api: stream.api }),
    ...(stream.filters === undefined ? {} : { filters: stream.filters }),
    ...(stream.window === undefined ? {} : { window: stream.window }),
    ...(stream.everyMinutes === undefined ? {} : { everyMinutes: stream.everyMinutes }),
  };
}

/** The streams of the file; two of the same dataset need different names, because the name is in the report key. */
export function toStreams(
  streams: readonly FileStream[],
  label: Label,
  problems: Problems,
): readonly AkamaiStream[] {
  const seen = new Set<string>();
  return streams.map((fileStream, index) => {
    const stream = toStream(fileStream, (path) => label([index, ...path]), problems);
    const key = `${stream.dataset} ${stream.name}`;
    if (seen.has(key)) {
      problems.add(
        label([index]),
        `A second stream "${stream.name}" of ${stream.dataset}. Give it another name.`,
      );
    }
    seen.add(key);
    return stream;
  });
}

/** The streams of an account that names none. */
export function defaultStreams(
  cpCodes: readonly string[] | undefined,
  accountIds: readonly string[] | undefined,
): readonly AkamaiStream[] {
  const usage: AkamaiStream = {
    name: 'default',
    dataset: 'endpoint_usage_by_time',
    objectIds: cpCodes ?? 'all',
    splitByObject: false,
  };
  if (accountIds === undefined) return [usage];
  return [usage, { name: 'default', dataset: 'api_usage_details', objectIds: accountIds }];
}
