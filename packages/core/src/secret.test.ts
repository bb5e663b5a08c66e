import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { redactUrl, Secret, toShownHost } from './secret.ts';

test('a secret does not show itself in text, JSON or inspection', () => {
  const secret = new Secret('hunter2');
  for (const shown of [`${secret}`, JSON.stringify({ secret }), inspect({ secret }), String(secret)]) {
    expect(shown).not.toContain('hunter2');
  }
  expect(secret.reveal()).toBe('hunter2');
});

test('a redacted URL keeps host and path only', () => {
  expect(redactUrl('https://user:pw@files.example/a/b.csv.gz?Signature=abc#x')).toBe(
    'https://files.example/a/b.csv.gz',
  );
  expect(redactUrl('not a url')).toBe('[unparsable URL]');
});

test('a redacted URL is no longer than a message may be', () => {
  const long = new URL(`https://${'a-'.repeat(60_000)}a.example/${'b'.repeat(60_000)}`);
  expect(redactUrl(long).length).toBeLessThan(1_400);
  expect(toShownHost(long)).toHaveLength(256);
  expect(toShownHost(new URL('https://files.example:8443/a'))).toBe('files.example:8443');
});
