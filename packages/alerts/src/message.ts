import { createHash } from 'node:crypto';
import type { Alert, AlertClaim, AlertKind } from '@edgeledger/core';
import { redactText } from '@edgeledger/http';
import { groupAlerts, toHeadline } from './group.ts';

export const ALERT_FORMATS = ['json', 'slack'] as const;
export type AlertFormat = (typeof ALERT_FORMATS)[number];

/** Alerts that are written out one by one; of more, their number is told. A receiver's limits are not ours to test. */
const LISTED_ALERTS = 50;
const MESSAGE_LENGTH = 500;
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
    account: alert.account,
    dataset: alert.dataset,
    report_key: alert.reportKey === '' ? null : alert.reportKey,
    column: alert.subject === '' ? null : alert.subject,
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
    lines.push(`• ${escapeSlack(title)}${why}`);
  }
  if (groups.length > SLACK_GROUPS)
    lines.push(`… and ${groups.length - SLACK_GROUPS} more groups: edgeledger alerts list`);
  // what a vendor's file says must not mention a channel or become a link
  return { text: lines.join('\n'), unfurl_links: false, unfurl_media: false };
}

/** https://docs.slack.dev/messaging/formatting-message-text: these three, and nothing else, are control characters. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** One line without links, tokens and control characters. Messages hold none; they are the last gate before outside. */
function toSafeText(text: string, limit: number): string {
  const safe = redactText(text).toWellFormed();
  return safe.length <= limit ? safe : `${safe.slice(0, limit - 1).toWellFormed()}…`;
}
