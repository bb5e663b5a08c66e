import type { UnitKey } from '@edgeledger/core';

const part = (text: string): string => encodeURIComponent(text);

export function toUnitPath({ account, dataset, reportKey }: UnitKey): string {
  return `/unit/${part(account)}/${part(dataset)}/${part(reportKey)}`;
}

export function toDayPath({
  account,
  dataset,
  day,
}: {
  account: string;
  dataset: string;
  day: string;
}): string {
  return `/day/${part(account)}/${part(dataset)}/${part(day)}`;
}

/** The page of a job in Bull Board. */
export function toJobPath({ queue, jobId }: { queue: string; jobId: string }): string {
  return `/queues/queue/${part(queue)}/${part(jobId)}`;
}

/** A path with a query; what is undefined or blank is left out. */
export function toPath(
  path: string,
  query: Readonly<Record<string, string | number | readonly string[] | undefined>>,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== '') parameters.append(name, String(one));
    }
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}
