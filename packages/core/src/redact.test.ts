import { describe, expect, test } from 'vitest';
import { ConfigError, ContractError, InvariantError } from './errors.ts';
import { redactCredentials } from './redact.ts';
import { Secret } from './secret.ts';

const S = '5ad0f1e2d3c4b5a697886950413223';

describe('what looks like a credential is masked', () => {
  test.each([
    `X-Api-Key: ${S}`,
    `"apiKey":"${S}"`,
    `api_key: ${S}`,
    `apiKey=${S}`,
    `client_secret: ${S}`,
    `client_secret="${S}"`,
    `"access_token": "${S}"`,
    `{\\"access_token\\": \\"${S}\\"}`,
    `X-Goog-Signature%3D${S}`,
    `X-Goog-Signature%3a${S}`,
    `s.example/a?X-Goog-Signature=${S}`,
    `X-Goog-Signature: ${S}`,
    `/a?sig=${S}`,
    `Bearer ${S}`,
    `Bearer: ${S}`,
    `bearer%20${S}`,
    `Bearer\u00a0${S}`,
    `Bearer "${S}"`,
    `EG1-HMAC-SHA256 client_token=${S};access_token=${S};`,
    `EG1-HMAC-SHA256 client_token: ${S}`,
  ])('%s', (text) => {
    expect(redactCredentials(text)).not.toContain(S.slice(0, 8));
    expect(redactCredentials(text)).toContain('[secret]');
  });

  test.each([
    'Basic authentication is required',
    'DASHBOARD_PASSWORD: It is missing, but DASHBOARD_USER is set.',
    'AKAMAI_CLIENT_TOKEN: [secret] contains white space',
    'It should look like postgres://user:password@host:5432/database',
    'IMGIX_API_KEY: /run/secrets is a folder',
    'a broken token',
  ])('prose is not: %s', (text) => {
    expect(redactCredentials(text)).toBe(text);
  });
});

test.each(['a-', 'token-', 'token=', 'a://', 'Bearer ', 'secret:', 'api_key', '%3D', '"'])(
  'a megabyte of %s is looked through at once',
  (piece) => {
    const text = piece.repeat(1_000_000 / piece.length);
    const startedAt = performance.now();
    redactCredentials(text, 4_096);
    redactCredentials(text);
    redactCredentials(text, text.length);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  },
);

test('a cut leaves no half of a secret, wherever it falls', () => {
  const key = 'planted0cut0key1';
  new Secret(key);
  for (let at = 3_900; at < 4_200; at += 1) {
    const redacted = redactCredentials(
      `${'x '.repeat(at / 2)}${key} and token=${S} ${'y '.repeat(3_000)}`,
      4_096,
    );
    expect(redacted.length).toBeLessThan(4_200);
    expect(redacted).not.toMatch(/plant|5ad0/);
  }
});

describe('the message of an error', () => {
  test('tells no secret, however it came into it', () => {
    new Secret('planted0imgix1api2key3');
    const error = new ConfigError('source.auth-rejected', 'imgix says: planted0imgix1api2key3 is no key.');
    expect(error.message).toBe('imgix says: [secret] is no key.');
    expect(error.stack).not.toContain('planted0');
  });

  test('is one line that every terminal and Postgres take', () => {
    const error = new ContractError(
      'file.malformed',
      'It begins: x\n12:00:00Z INFO: forged\u001b[2J\0\ud800\u202e',
    );
    expect(error.message).toBe('It begins: x\\n12:00:00Z INFO: forged\\u{1b}[2J\\u{0}\\u{d800}\\u{202e}');
  });

  test('keeps the lines of a list of ours', () => {
    const error = new ConfigError('config.invalid', '2 problems:\n  - a\n  - b\u009b', { keepLines: true });
    expect(error.message).toBe('2 problems:\n  - a\n  - b\\u{9b}');
  });

  test('is bounded and says so', () => {
    const { message } = new InvariantError('a-'.repeat(500_000));
    expect(message.length).toBeLessThan(33_000);
    expect(message).toMatch(/cut: 1000000 characters/);
  });
});
