import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSecretRegistry } from './secret-registry.ts';

const KEY = 'planted0key+1/2=';
const SIGNATURE = '5ad0f1e2d3c4b5a697886950413223';
const LINK = new URL(
  `https://files.example/r/cdn_logs_20261120.csv.gz?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=edge%40x.example%2F20261120%2Fauto` +
    `&X-Goog-Date=20261120T000000Z&X-Goog-Expires=600&file=cdn_logs_20261120.csv.gz&mac=5ad0f&X-Goog-Signature=${SIGNATURE}`,
);

const knowing = (...secrets: string[]) => {
  const registry = createSecretRegistry();
  for (const secret of secrets) registry.rememberSecret(secret);
  return registry;
};

describe('a secret is found', () => {
  test.each([
    ['as it is', KEY],
    ['in a sentence', `The key ${KEY} is not valid`],
    ['without a gap', `x${KEY}y`],
    ['twice', `${KEY}${KEY}`],
    ['percent-encoded', encodeURIComponent(KEY)],
    ['percent-encoded in lower case', encodeURIComponent(KEY).toLowerCase()],
    ['in JSON', JSON.stringify({ a: KEY })],
    ['in base64', Buffer.from(KEY).toString('base64')],
    ['in base64 for URLs', Buffer.from(KEY).toString('base64url')],
  ])('%s', (_how, text) => {
    const masked = knowing(KEY).mask(text);
    expect(masked).toContain('[secret]');
    for (const part of ['planted0', 'cGxhbnRlZ']) expect(masked).not.toContain(part);
  });

  test('in base64, whatever stands before it', () => {
    for (const user of ['', 'u', 'us', 'use', 'user', 'users']) {
      const basic = Buffer.from(`${user}:${KEY}`).toString('base64');
      const masked = knowing(KEY).mask(`Basic ${basic}`);
      expect(masked).toContain('[secret]');
      expect(Buffer.from(masked.split('[secret]')[0]?.slice(6) ?? '', 'base64').toString()).not.toContain(
        'pl',
      );
    }
  });

  test('wherever it stands in whatever text, and nothing else changes', () => {
    const { mask } = knowing(KEY);
    const rest = fc.string({ unit: 'binary' }).filter((text) => mask(text) === text);
    fc.assert(
      fc.property(rest, rest, (before, after) => {
        expect(mask(`${before}${KEY}${after}`)).toBe(`${before}[secret]${after}`);
      }),
    );
  });

  test('the longer one where one begins like another', () => {
    expect(knowing('planted0', 'planted0key').mask('planted0key planted0')).toBe('[secret] [secret]');
  });
});

describe('text stays as it is', () => {
  test.each(['demo', 'hunter2', 'postgres', 'edgeledger', '20261120'])(
    'although somebody made %s a password',
    (word) => {
      const text = `"edgeledger sql" asks demo, postgres and hunter2 of 20261120`;
      expect(knowing(word).mask(text)).toBe(text);
    },
  );

  test('where nothing is known', () => {
    expect(createSecretRegistry().mask('planted0key')).toBe('planted0key');
  });
});

describe('of an address', () => {
  test.each([
    ['postgres://ed:planted0word@db.example:5432/edge', 'planted0word', 'at db.example:5432/edge'],
    ['postgres://ed:planted%230word@db.example/edge', 'planted#0word', 'ed of edge'],
    ['redis+cluster://:planted0word@r1:6379,r2:6379', 'planted0word', 'the cluster of r1:6379, r2:6379'],
    ['redis+sentinel://r1:26379/mymaster?sentinelPassword=planted0word', 'planted0word', 'primary mymaster'],
    ['https://hooks.example/services/T00/B00/planted0word', 'planted0word', 'hooks.example'],
    ['https://hooks.example/services/T00/B00/planted0word', '/services/T00/B00/planted0word', 'services'],
    ['https://hooks.example/workflows?sig=planted0word', 'planted0word', 'workflows'],
  ])('%s the secrets are masked, and what says where it is is not', (address, secret, place) => {
    const { mask } = knowing(address);
    expect(mask(`no: ${secret} ${encodeURIComponent(secret)}`)).toBe('no: [secret] [secret]');
    expect(mask(place)).toBe(place);
  });

  test('without any secret nothing is masked', () => {
    const address = 'redis://127.0.0.1:6379';
    expect(knowing(address).mask(address)).toBe(address);
  });
});

describe('of a signed link', () => {
  const registry = createSecretRegistry();
  registry.rememberLink(LINK);

  test.each([
    ['the signature', `Signature ${SIGNATURE} does not match`],
    ['the query', `GET /r/a.csv ${LINK.search.slice(1)}`],
    ['the query, encoded', encodeURIComponent(LINK.search)],
    ['the query with entities', LINK.search.replaceAll('&', '&amp;')],
    ['a short value with its name', 'mac=5ad0f is not right'],
  ])('%s is masked', (_what, text) => {
    for (const part of [SIGNATURE, 'edge%40x', 'edge@x', '=5ad0f'])
      expect(registry.mask(text)).not.toContain(part);
  });

  test('its path, its instants and its names are not', () => {
    const text = 'Could not download cdn_logs_20261120.csv.gz of 20261120T000000Z: it was gone after 600 s';
    expect(registry.mask(text)).toBe(text);
  });

  test('the oldest are forgotten, and links that begin alike do not make it slow', () => {
    const many = createSecretRegistry({ links: 100 });
    const linkOf = (no: number) =>
      new URL(`https://files.example/a?s=aaaaaaaaaaaa${String(no).padStart(6, '0')}`);
    for (let no = 0; no < 1_000; no += 1) many.rememberLink(linkOf(no));
    expect(many.mask(linkOf(0).search)).toBe(linkOf(0).search);
    expect(many.mask(linkOf(999).search)).toBe('?s=[secret]');
    const startedAt = performance.now();
    many.mask('a'.repeat(100_000));
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  test('one that is used again is not forgotten', () => {
    const few = createSecretRegistry({ links: 2 });
    const links = ['a', 'b', 'c'].map((name) => new URL(`https://files.example/?s=${name}planted0word`));
    for (const index of [0, 1, 0, 2]) few.rememberLink(links[index] as URL);
    expect(few.mask('aplanted0word')).toBe('[secret]');
    expect(few.mask('bplanted0word')).toBe('bplanted0word');
  });

  test('a secret of ours stays known, whatever links a vendor makes', () => {
    const attacked = createSecretRegistry();
    attacked.rememberSecret('planted0key');
    for (let no = 0; no < 1_000; no += 1)
      attacked.rememberLink(new URL(`https://files.example/?s=planted0k${no}ey`));
    expect(attacked.mask('planted0key')).toBe('[secret]');
  });

  test('one that is longer than any server takes is not kept', () => {
    const long = new URL(`https://files.example/?s=${'a1'.repeat(100_000)}`);
    const heedless = createSecretRegistry();
    heedless.rememberLink(long);
    expect(heedless.mask(long.search)).toBe(long.search);
  });
});
