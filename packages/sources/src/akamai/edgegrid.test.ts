import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  signRequest,
  toCanonicalHeaders,
  toContentHash,
  toEdgeGridTimestamp,
  toSigningKey,
} from './edgegrid.ts';

const vector = z.looseObject({
  name: z.string(),
  request: z.looseObject({
    method: z.string(),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.string().nullable(),
  }),
  headersToSign: z.array(z.string()),
  maxBody: z.number(),
  expectedContentHash: z.string(),
  expectedAuthorization: z.string(),
});
const published = z
  .looseObject({
    credentials: z.object({
      client_token: z.string(),
      client_secret: z.string(),
      access_token: z.string(),
      host: z.string(),
    }),
    timestamp: z.string(),
    nonce: z.string(),
    intermediate: z.looseObject({
      signingKey: z.looseObject({ timestamp: z.string(), clientSecret: z.string(), expected: z.string() }),
      signingKey2: z.looseObject({ timestamp: z.string(), clientSecret: z.string(), expected: z.string() }),
      contentHash: z.array(z.looseObject({ body: z.string(), expected: z.string() })),
      canonicalHeaders: z.looseObject({
        headersInOrder: z.array(z.tuple([z.string(), z.string()])),
        expected: z.string(),
      }),
    }),
    vectors: z.array(vector),
    derived: z.array(vector),
  })
  .parse(JSON.parse(readFileSync(new URL('../../fixtures/edgegrid/vectors.json', import.meta.url), 'utf8')));

const NOW = new Date('2014-03-21T19:34:21Z');
const credential = {
  clientToken: published.credentials.client_token,
  clientSecret: published.credentials.client_secret,
  accessToken: published.credentials.access_token,
};

function sign({ request, headersToSign, maxBody }: z.infer<typeof vector>, now = NOW): string {
  return signRequest(
    {
      method: request.method,
      url: new URL(request.url),
      body: request.body ?? undefined,
      headers: headersToSign.flatMap((name): [string, string][] => {
        const value = request.headers[name];
        return value === undefined ? [] : [[name, value]];
      }),
      maxBodyBytes: maxBody,
    },
    credential,
    { now, nonce: published.nonce },
  );
}

describe('the vectors that Akamai publishes', () => {
  test('the fixture holds vectors to check', () => {
    expect(published.vectors.length).toBeGreaterThan(10);
    expect(toEdgeGridTimestamp(NOW)).toBe(published.timestamp);
  });

  test.each([...published.vectors, ...published.derived])('signs like: $name', (entry) => {
    expect(sign(entry)).toBe(entry.expectedAuthorization);
    const { method, body } = entry.request;
    expect(toContentHash(method, body ?? undefined, entry.maxBody)).toBe(entry.expectedContentHash);
  });

  test('intermediate steps agree', () => {
    const { signingKey, signingKey2, contentHash, canonicalHeaders } = published.intermediate;
    for (const key of [signingKey, signingKey2]) {
      expect(toSigningKey(key.clientSecret, key.timestamp)).toBe(key.expected);
    }
    for (const { body, expected } of contentHash) {
      expect(toContentHash('POST', body, 131_072)).toBe(expected);
    }
    expect(toCanonicalHeaders(canonicalHeaders.headersInOrder)).toBe(canonicalHeaders.expected);
  });
});

test('one second later the signature is another one', () => {
  const [entry] = published.vectors;
  if (entry === undefined) throw new Error('no vectors');
  expect(sign(entry, new Date(NOW.getTime() + 1000))).not.toBe(entry.expectedAuthorization);
});

test('the body is hashed in bytes, so a character is never cut in two characters of text', () => {
  const body = 'é'.repeat(10);
  expect(toContentHash('POST', body, 5)).toBe(toContentHash('POST', body, 5));
  expect(toContentHash('POST', body, 4)).toBe(toContentHash('POST', 'éé', 131_072));
});

test('the host is signed with the port it is asked on', () => {
  const request = (url: string) => ({ method: 'GET', url: new URL(url) });
  const moment = { now: NOW, nonce: 'n' };
  const bare = signRequest(request('https://host.example/x'), credential, moment);
  expect(signRequest(request('https://host.example:8443/x'), credential, moment)).not.toBe(bare);
  expect(signRequest(request('https://host.example:443/x'), credential, moment)).toBe(bare);
});
