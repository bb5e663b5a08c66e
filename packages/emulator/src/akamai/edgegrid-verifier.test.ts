import { expect, test } from 'vitest';
import published from '../../test/fixtures/edgegrid-vectors.json' with { type: 'json' };
import type { EdgeGridRules, SignedRequest } from './edgegrid-verifier.ts';
import { createEdgeGridVerifier } from './edgegrid-verifier.ts';

const SIGNED_AT = new Date('2014-03-21T19:34:21Z');

function rulesOf(vector: { headersToSign: string[]; maxBody: number }, now = SIGNED_AT): EdgeGridRules {
  const { clientToken, clientSecret, accessToken } = published.credentials;
  const { headersToSign, maxBody } = vector;
  return {
    clientToken,
    clientSecret,
    accessToken,
    now: () => now,
    headersToSign,
    maxBody,
    schemes: ['https'],
  };
}

function requestOf(vector: (typeof published.vectors)[number]): SignedRequest {
  const headers = Object.entries(vector.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    method: vector.method,
    host: published.credentials.host,
    rawUrl: vector.path,
    headers: { ...Object.fromEntries(headers), authorization: vector.authorization },
    body: Buffer.from(vector.body ?? ''),
  };
}

function vectorNamed(name: string): (typeof published.vectors)[number] {
  const vector = published.vectors.find((candidate) => candidate.name === name);
  if (vector === undefined) throw new Error(`No vector '${name}'.`);
  return vector;
}

test('the fixture holds the published vectors', () => {
  expect(published.vectors.length).toBeGreaterThanOrEqual(13);
});

for (const vector of published.vectors) {
  test(`the published signature is accepted: ${vector.name}`, () => {
    expect(createEdgeGridVerifier(rulesOf(vector)).verify(requestOf(vector))).toEqual({ kind: 'accepted' });
  });
}

test('a signature for another query, body, host or method is refused', () => {
  const vector = vectorNamed('POST inside limit');
  const request = requestOf(vector);
  for (const change of [
    { rawUrl: `${request.rawUrl}?limit=1` },
    { body: Buffer.from('datadatadatadatadatadatadatadatA') },
    { host: 'other.example.com' },
    { method: 'PUT' },
  ]) {
    const verdict = createEdgeGridVerifier(rulesOf(vector)).verify({ ...request, ...change });
    expect(verdict).toEqual({ kind: 'refused', status: 401, detail: 'The signature does not match' });
  }
});

test('a body beyond the limit is covered only up to the limit', () => {
  const vector = vectorNamed('POST too large');
  const request = requestOf(vector);
  const tail = Buffer.concat([request.body.subarray(0, vector.maxBody), Buffer.from('another tail')]);
  const verify = (maxBody: number): string =>
    createEdgeGridVerifier(rulesOf({ ...vector, maxBody })).verify({ ...request, body: tail }).kind;
  expect(verify(vector.maxBody)).toBe('accepted');
  expect(verify(vector.maxBody + 1)).toBe('refused');
});

test('a clock that is off by more than 30 seconds is told so', () => {
  const vector = vectorNamed('simple GET');
  const verdictAt = (offsetMs: number): unknown => {
    const now = new Date(SIGNED_AT.getTime() + offsetMs);
    return createEdgeGridVerifier(rulesOf(vector, now)).verify(requestOf(vector));
  };
  expect(verdictAt(30_000)).toEqual({ kind: 'accepted' });
  expect(verdictAt(-30_000)).toEqual({ kind: 'accepted' });
  const tooLate = { kind: 'refused', status: 400, detail: 'Invalid timestamp' };
  expect(verdictAt(31_000)).toEqual(tooLate);
  expect(verdictAt(-31_000)).toEqual(tooLate);
});

test('a request that is sent twice is refused the second time', () => {
  const vector = vectorNamed('simple GET');
  const verifier = createEdgeGridVerifier(rulesOf(vector));
  expect(verifier.verify(requestOf(vector)).kind).toBe('accepted');
  expect(verifier.verify(requestOf(vector))).toMatchObject({ kind: 'refused', status: 400 });
});

test('another client token, a missing header and a malformed header are refused', () => {
  const vector = vectorNamed('simple GET');
  const verifier = createEdgeGridVerifier({ ...rulesOf(vector), clientToken: 'someone-else' });
  expect(verifier.verify(requestOf(vector))).toMatchObject({ status: 401 });
  expect(verifier.verify({ ...requestOf(vector), headers: {} })).toMatchObject({ status: 401 });
  const malformed = { ...requestOf(vector), headers: { authorization: 'EG1-HMAC-SHA256 nonsense' } };
  expect(verifier.verify(malformed)).toMatchObject({ status: 400 });
});
