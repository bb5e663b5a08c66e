import type { Alert, AlertKind } from '@edgeledger/core';

export interface AlertGroup {
  /** `Failed: 90 reports of imgix.cdn_logs (default), 2026-08-24 to 2026-11-21`. */
  readonly title: string;
  /** What the first of them says; blank for recoveries. */
  readonly message: string;
}

const WORDS: Readonly<Record<AlertKind, string>> = {
  failed: 'failed',
  rejects: 'too many rejects',
  late: 'late',
  'lost-soon': 'lost soon',
  lost: 'lost',
  shrunk: 'held back, much smaller',
  'schema-drift': 'new column',
};

/** `90 failed, 2 late; 3 recovered`: what a person reads first. */
export function toHeadline(opened: readonly Alert[], recovered: readonly Alert[]): string {
  const kinds = [...new Set(opened.map(({ kind }) => kind))];
  const counts = kinds.map((kind) => {
    const count = opened.filter((alert) => alert.kind === kind).length;
    return `${count} ${WORDS[kind]}`;
  });
  const parts = [counts.join(', '), recovered.length === 0 ? '' : `${recovered.length} recovered`];
  return parts.filter((part) => part !== '').join('; ');
}

/** Alerts of one kind, dataset and account are one line, however many they are. */
export function groupAlerts(alerts: readonly Alert[], state: 'open' | 'resolved'): AlertGroup[] {
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const key = JSON.stringify([alert.kind, alert.dataset, alert.account, alert.reportKey === '']);
    groups.set(key, [...(groups.get(key) ?? []), alert]);
  }
  return [...groups.values()].map((group) => ({
    title: toTitle(group, state),
    message: state === 'open' ? (group[0]?.message ?? '') : '',
  }));
}

function toTitle(group: readonly Alert[], state: 'open' | 'resolved'): string {
  const [first] = group;
  if (first === undefined) return '';
  const word = state === 'resolved' ? `no longer ${WORDS[first.kind]}` : WORDS[first.kind];
  const start = `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
  const owner = first.account === '' ? first.dataset : `${first.dataset} (${first.account})`;
  if (first.kind === 'schema-drift') {
    const columns = group.map(({ subject }) => subject);
    return `${start} in ${owner}: ${columns.slice(0, 10).join(', ')}${columns.length > 10 ? ', …' : ''}`;
  }
  if (first.reportKey === '') return `${start}: the source ${owner}`;
  if (group.length === 1) return `${start}: ${first.reportKey} of ${owner}`;
  return `${start}: ${group.length} reports of ${owner}${toDays(group)}`;
}

function toDays(group: readonly Alert[]): string {
  const days = group.flatMap(({ periodStart }) => periodStart?.toISOString().slice(0, 10) ?? []).sort();
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined) return '';
  return first === last ? `, ${first}` : `, ${first} to ${last}`;
}
