import { expect, test } from 'vitest';
import { createEmulator } from '../src/index.ts';
import { downloadText, fetchImgix, getReport, listReports, openEmulator } from './client.ts';

const KEY = 'cdn_logs_20261118';

test('a scripted status replaces one answer, headers included', async () => {
  await using emulator = await openEmulator();
  const action = { kind: 'status', status: 503, body: 'busy', headers: { 'Retry-After': '7' } } as const;
  emulator.faults.add({ server: 'imgix', match: /reports/, nth: 2, action });
  expect((await fetchImgix(emulator, '/api/v1/reports')).status).toBe(200);
  const refused = await fetchImgix(emulator, '/api/v1/reports');
  expect([refused.status, refused.headers.get('retry-after'), await refused.text()]).toEqual([
    503,
    '7',
    'busy',
  ]);
  expect((await fetchImgix(emulator, '/api/v1/reports')).status).toBe(200);
});

test('a download that is cut ends in an error after the first bytes', async () => {
  await using emulator = await openEmulator({ volume: { cdnLogRowsPerDay: 4000 } });
  const [link = ''] = (await getReport(emulator, KEY)).attributes.files;
  emulator.faults.add({ server: 'files', match: /cdn_logs/, action: { kind: 'cut', afterBytes: 1000 } });
  const response = await fetch(link);
  expect(response.status).toBe(200);
  let received = 0;
  const read = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) received += chunk.length;
  };
  await expect(read()).rejects.toThrow();
  expect(received).toBeLessThanOrEqual(1000);
  expect((await downloadText(link)).length).toBeGreaterThan(1000);
});

test('a reset leaves the request without an answer', async () => {
  await using emulator = await openEmulator();
  emulator.faults.add({ server: 'imgix', action: { kind: 'reset' } });
  await expect(fetchImgix(emulator, '/api/v1/reports')).rejects.toThrow();
  expect(emulator.requests.at(-1)?.status).toBe(0);
  expect((await listReports(emulator)).data.length).toBe(20);
});

test('a stall delays an answer, and closing does not wait for it', async () => {
  const emulator = await openEmulator();
  emulator.faults.add({ server: 'imgix', action: { kind: 'stall', ms: 60 } });
  const started = performance.now();
  expect((await fetchImgix(emulator, '/api/v1/reports')).status).toBe(200);
  expect(performance.now() - started).toBeGreaterThanOrEqual(55);
  emulator.faults.add({ server: 'imgix', action: { kind: 'stall', ms: 60_000, afterBytes: 10 } });
  const stalled = await fetchImgix(emulator, '/api/v1/reports');
  await emulator.close();
  await expect(stalled.text()).rejects.toThrow();
});

test('a corrupted file has its length but not its content', async () => {
  await using emulator = await openEmulator({ imgix: { gzip: false } });
  const [link = ''] = (await getReport(emulator, KEY)).attributes.files;
  const whole = await downloadText(link);
  emulator.faults.add({ server: 'files', action: { kind: 'corrupt' } });
  const damaged = Buffer.from(await (await fetch(link)).arrayBuffer());
  expect(damaged.length).toBe(Buffer.byteLength(whole));
  expect(damaged.equals(Buffer.from(whole))).toBe(false);
});

test('a link can be expired early, by the file host or in the listing', async () => {
  await using emulator = await openEmulator();
  const [link = ''] = (await getReport(emulator, KEY)).attributes.files;
  emulator.faults.add({ server: 'files', action: { kind: 'expire-link' } });
  expect((await fetch(link)).status).toBe(403);
  expect((await fetch(link)).status).toBe(200);
  emulator.faults.add({ server: 'imgix', action: { kind: 'expire-link' } });
  const [stale = ''] = (await getReport(emulator, KEY)).attributes.files;
  expect((await fetch(stale)).status).toBe(403);
});

test('a clock that was not handed over cannot be moved', async () => {
  await using emulator = await createEmulator();
  expect(() => emulator.advance(1)).toThrow('createManualClock');
});

test('a port that is taken is an error, and nothing stays open', async () => {
  await using emulator = await openEmulator();
  const imgixPort = Number(new URL(emulator.imgixUrl).port);
  await expect(createEmulator({ imgixPort })).rejects.toThrow('EADDRINUSE');
});

test('a truncated file has a length that fits and less content', async () => {
  await using emulator = await openEmulator({ imgix: { gzip: false } });
  const [link = ''] = (await getReport(emulator, KEY)).attributes.files;
  const whole = await (await fetch(link)).bytes();
  emulator.faults.add({ server: 'files', action: { kind: 'truncate', keepShare: 0.5 } });
  const response = await fetch(link);
  expect(Number(response.headers.get('content-length'))).toBe(Math.floor(whole.length / 2));
  expect(await response.bytes()).toEqual(whole.subarray(0, Math.floor(whole.length / 2)));
});

test('a wrong hash comes with the true bytes', async () => {
  await using emulator = await openEmulator();
  const [link = ''] = (await getReport(emulator, KEY)).attributes.files;
  const right = await fetch(link);
  emulator.faults.add({ server: 'files', action: { kind: 'wrong-hash' } });
  const wrong = await fetch(link);
  expect(wrong.headers.get('x-goog-hash')).not.toBe(right.headers.get('x-goog-hash'));
  expect(await wrong.bytes()).toEqual(await right.bytes());
});

test('a slow body comes in pieces and is whole in the end', async () => {
  await using emulator = await openEmulator();
  const [link = ''] = (await getReport(emulator, KEY)).attributes.files;
  const whole = await (await fetch(link)).bytes();
  emulator.faults.add({ server: 'files', action: { kind: 'slow', bytesPerSecond: whole.length * 8 } });
  let pieces = 0;
  for await (const _ of (await fetch(link)).body ?? []) pieces += 1;
  expect(pieces).toBeGreaterThan(1);
});
