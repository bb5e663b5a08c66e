import { createHash } from 'node:crypto';
import type { Alert, AlertClaim, AlertKind } from '@edgeledger/core';
import { redactText } from '@edgeledger/http';
import { groupAlerts, toHeadline } from './group.ts';

export const ALERT_FORMATS = ['json', 'slack'] as const;
export type AlertFormat = (typeof ALERT_FORMATS)[number];

/** Alerts that are written out one by one; of more, their number is told. A receiver's limits are not ours to test. */
const LISTED_ALERTS = 50;
const MESSAGE_LENGTH = 500;
const NAME_LENGTH = 200;
/** Slack cuts a text at 40,000 characters; a person reads far less. */
const SLACK_GROUPS = 20;
const SLACK_MESSAGE_LENGTH = 280;

/** One alert as a receiver gets it. Names are part of the contract in docs/alerts.md: they are added to, not changed. */
interface ListedAlert {
  readonly id: string;
  readonly state: 'open' | 'resolved';
  readonly kind: AlertKind;
  readonly account: string;
  readonly dataset: string;
  readonly report_key: string | null;
  readonly column: string | null;
  readonly period_start: string | null;
  readonly expires_at: string | null;
  readonly opened_at: string;
  readonly resolved_at: string | null;
  readonly message: string;
}

/** All changes as one message, in the shape the receiver reads. */
export function toMessage(claim: AlertClaim, format: AlertFormat, now: Date): object {
  return format === 'slack' ? toSlackMessage(claim) : toJsonMessage(claim, now);
}

function toJsonMessage({ opened, recovered }: AlertClaim, now: Date): object {
  const alerts = [...opened, ...recovered];
  return {
    product: 'edgeledger',
    version: 1,
    id: toMessageId(alerts),
    sent_at: now.toISOString(),
    summary: toHeadline(opened, recovered),
    opened: opened.length,
    resolved: recovered.length,
    counts: countKinds(opened),
    alerts: alerts.slice(0, LISTED_ALERTS).map(toListed),
    omitted: Math.max(0, alerts.length - LISTED_ALERTS),
  };
}

/** The same changes have the same id, so that a receiver can tell a repetition. */
export function toMessageId(alerts: readonly Alert[]): string {
  const states = alerts.map(
    ({ alertId, resolvedAt }) => `${alertId}:${resolvedAt === null ? 'open' : 'resolved'}`,
  );
  return createHash('sha256').update(states.sort().join(',')).digest('hex').slice(0, 32);
}

function countKinds(alerts: readonly Alert[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of alerts) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function toListed(alert: Alert): ListedAlert {
  return {
    id: alert.alertId,
    state: alert.resolvedAt === null ? 'open' : 'resolved',
    kind: alert.kind,
    account: toSafeText(alert.account, NAME_LENGTH),
    dataset: toSafeText(alert.dataset, NAME_LENGTH),
    report_key: alert.reportKey === '' ? null : toSafeText(alert.reportKey, NAME_LENGTH),
    column: alert.subject === '' ? null : toSafeText(alert.subject, NAME_LENGTH),
    period_start: alert.periodStart?.toISOString() ?? null,
    expires_at: alert.expiresAt?.toISOString() ?? null,
    opened_at: alert.openedAt.toISOString(),
    resolved_at: alert.resolvedAt?.toISOString() ?? null,
    message: toSafeText(alert.message, MESSAGE_LENGTH),
  };
}

function toSlackMessage({ opened, recovered }: AlertClaim): object {
  const lines = [`*edgeledger: ${escapeSlack(toHeadline(opened, recovered))}*`];
  const groups = [...groupAlerts(opened, 'open'), ...groupAlerts(recovered, 'resolved')];
  for (const { title, message } of groups.slice(0, SLACK_GROUPS)) {
    const why = message === '' ? '' : `: ${escapeSlack(toSafeText(message, SLACK_MESSAGE_LENGTH))}`;
    lines.push(`• ${escapeSlack(toSafeText(title, MESSAGE_LENGTH))}${why}`);
  }
  if (groups.length > SLACK_GROUPS)
    lines.push(`… and ${groups.length - SLACK_GROUPS} more groups: edgeledger alerts list`);
  return { text: lines.join('\n'), unfurl_links: false, unfurl_media: false };
}

/** What receivers make links of although it has no scheme: `www.…`, and a host with a path. */
const BARE_LINK = /\b(?:www\.[^\s]+|(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\/[^\s]*)/gi;

/**
 * To Slack three characters are control characters (https://docs.slack.dev/messaging/formatting-message-text). Others read
 * `@everyone` as a mention and `[text](address)` as a link wherever they stand: a space without width comes between.
 */
function escapeSlack(text: string): string {
  return text
    .replace(BARE_LINK, '[url]')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '@\u200b')
    .replaceAll('](', ']\u200b(');
}

/** One line without links, secrets and what is not shown. Messages hold none; this is the last gate before outside. */
function toSafeText(text: string, limit: number): string {
  const safe = redactText(text).toWellFormed();
  return safe.length <= limit ? safe : `${safe.slice(0, limit - 1).toWellFormed()}…`;
}
