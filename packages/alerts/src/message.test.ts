import type { Alert, AlertClaim } from '@edgeledger/core';
import { Secret } from '@edgeledger/core';
import { describe, expect, test } from 'vitest';
import { toMessage } from './message.ts';

const NOW = new Date('2026-11-21T04:30:00Z');

function claimOf(change: Partial<Alert>): AlertClaim {
  const alert: Alert = {
    alertId: '1',
    kind: 'failed',
    account: 'default',
    dataset: 'imgix.cdn_logs',
    reportKey: 'cdn_logs_20261120',
    subject: '',
    message: '',
    periodStart: NOW,
    expiresAt: null,
    openedAt: NOW,
    resolvedAt: null,
    notifiedAt: null,
    attempts: 0,
    lastError: null,
    ...change,
  };
  return { claimId: 'c', opened: [alert], recovered: [] };
}

const slackOf = (change: Partial<Alert>): string => {
  const message = toMessage(claimOf(change), 'slack', NOW);
  return 'text' in message ? String(message.text) : '';
};

describe('for a receiver of the Slack format', () => {
  test.each(['@everyone', '@channel', '@here', '<@U1>', '<!channel>', '@\u200bhere'])(
    '%s mentions nobody, in a message or a name',
    (mention) => {
      for (const text of [slackOf({ message: mention }), slackOf({ reportKey: mention })]) {
        expect(text).not.toMatch(/@[a-z]|<[@!]/i);
      }
    },
  );

  test.each([
    'https://evil.example/x',
    'www.evil.example',
    'evil.example/x?y=1',
    '[click](https://evil.example)',
    '<https://evil.example|click>',
  ])('%s is no link', (link) => {
    for (const text of [slackOf({ message: `See ${link}` }), slackOf({ reportKey: link })]) {
      expect(text).not.toMatch(/:\/\/|www\.|evil\.example\/|\]\(/);
    }
  });

  test('names of reports, tables and settings stay readable', () => {
    expect(
      slackOf({ message: 'cdn_logs_20261120, part /r/a.csv: see edgeledger.yaml, default/imgix.cdn_logs/x' }),
    ).toBe(
      '*edgeledger: 1 failed*\n• Failed: cdn_logs_20261120 of imgix.cdn_logs (default): ' +
        'cdn_logs_20261120, part /r/a.csv: see edgeledger.yaml, default/imgix.cdn_logs/x',
    );
  });
});

test.each(['json', 'slack'] as const)(
  'no text of the format %s has what is not shown, or a secret',
  (format) => {
    new Secret('planted0alert0key');
    const hostile = 'x\u001b[2J\u009b31m\u202e\n\u2028\0\ud800 planted0alert0key';
    const names = { account: hostile, dataset: hostile, reportKey: hostile, subject: hostile };
    for (const change of [names, { message: hostile }, { ...names, kind: 'schema-drift' as const }]) {
      const sent = JSON.stringify(toMessage(claimOf(change), format, NOW));
      // the only line break is between two lines of ours
      expect(sent.replace('\\n•', '•')).not.toMatch(/\\|[\u007f-\u009f\u202e\u2028]/);
      expect(sent).not.toContain('planted0');
    }
  },
);
