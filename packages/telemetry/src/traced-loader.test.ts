import type { Load, Loader, PartReceipt, Tracer } from '@edgeledger/core';
import { expect, it } from 'vitest';
import { createTracedLoader } from './traced-loader.ts';

const receipt: PartReceipt = {
  partNo: 1,
  name: 'a',
  header: ['url'],
  rows: 3,
  rejects: 0,
  bytes: 40,
  sha256: '',
  fingerprint: '',
};

it('a part that is only compared is a span, too, and says whether it was the same', async () => {
  const spans: Record<string, unknown>[] = [];
  const tracer: Tracer = {
    trace: (name, _attributes, work) => {
      const span: Record<string, unknown> = { name };
      spans.push(span);
      return work({ set: (attributes) => Object.assign(span, attributes) });
    },
  };
  const answers = [receipt, undefined];
  // of a load, only what is called here
  const load = {
    loadId: '1',
    unit: { account: 'default', reportKey: 'cdn_logs_20261120' },
    dataset: { name: 'imgix.cdn_logs' },
    stageSamePart: async () => answers.shift(),
  } as unknown as Load;
  const loader: Loader = { begin: async () => load, resume: async () => load };
  const traced = await createTracedLoader(loader, tracer).begin(load.unit, load.dataset);
  const part = {} as Parameters<Load['stageSamePart']>[2];
  expect(await traced.stageSamePart(1, 'a', part)).toBe(receipt);
  expect(await traced.stageSamePart(1, 'a', part)).toBeUndefined();
  expect(spans).toEqual([
    { name: 'compare imgix.cdn_logs', 'edgeledger.same': true, 'edgeledger.rows': 3, 'edgeledger.bytes': 40 },
    { name: 'compare imgix.cdn_logs', 'edgeledger.same': false },
  ]);
});
