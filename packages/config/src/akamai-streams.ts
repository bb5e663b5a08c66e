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
    // Reporting API v2 reads the whole account of its credential
    if (ids === 'all' && stream.api !== 'v2')
      problems.add(label(['objectIds']), 'api_usage_details needs a list of account ids.');
    return;
  }
  // what the objects of other reports are, only their report type knows
  if (ids === 'all' || stream.dataset !== 'endpoint_usage_by_time') return;
  for (const [index, id] of ids.entries()) {
    const result = checkCpCode(id);
    const given = { label: label(['objectIds', index]), text: id, secret: false };
    if (!result.ok) problems.reject(given, result.sentence);
  }
}

function findDataset(stream: FileStream, label: Label, problems: Problems): AkamaiStream['dataset'] {
  const { dataset, report } = stream;
  if (dataset !== undefined && report !== undefined)
    problems.add(label(['report']), 'Both dataset and report are given. Keep one of them.');
  if (dataset === undefined && report === undefined)
    problems.add(label(['dataset']), 'is missing. Give it, or report: <name of a v1 report>.');
  return dataset ?? 'report';
}

function reportVersion({ dataset, report, api }: FileStream, label: Label, problems: Problems): void {
  if (api === 'v2' && (dataset === 'endpoint_usage_by_time' || report !== undefined))
    problems.add(label(['api']), `"v2" does not have ${dataset ?? report}. Use v1, or leave it out.`);
  if (api === 'v1' && dataset === 'api_usage')
    problems.add(label(['api']), '"v1" does not have api_usage. Use v2, or leave it out.');
}

function toStream(stream: FileStream, label: Label, problems: Problems): AkamaiStream {
  reportObjectIds(stream, label, problems);
  reportVersion(stream, label, problems);
  const { api, report, filters, metrics, dimensions, window, everyMinutes, dropForbiddenObjects } = stream;
  return {
    name: stream.name ?? 'default',
    dataset: findDataset(stream, label, problems),
    objectIds: toObjectIds(stream),
    splitByObject: stream.splitByObject ?? false,
    ...(report === undefined ? {} : { report }),
    ...(api === undefined ? {} : { api }),
    ...(filters === undefined ? {} : { filters }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(window === undefined ? {} : { windowHours: toHours(window) }),
    ...(everyMinutes === undefined ? {} : { everyMinutes }),
    ...(stream.async === undefined ? {} : { async: stream.async }),
    ...(dropForbiddenObjects === undefined ? {} : { dropForbiddenObjects }),
  };
}

function toHours(window: NonNullable<FileStream['window']>): number {
  return window === '1d' ? 24 : Number(window.slice(0, -1));
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
    const key = `${stream.report ?? stream.dataset} ${stream.name}`;
    if (seen.has(key)) {
      problems.add(
        label([index]),
        `A second stream "${stream.name}" of ${stream.report ?? stream.dataset}. Give it another name.`,
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
