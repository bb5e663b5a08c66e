import type { Dataset } from '@edgeledger/core';

/** A made-up seventh report of imgix: one line per Source and codec. In `imgix/datasets.ts` it is one entry of the list. */
export const VIDEO_ANALYTICS: Dataset = {
  name: 'imgix.video_analytics',
  vendor: 'imgix',
  report: 'video_analytics',
  accumulation: 'daily',
  strategy: 'upsert',
  identity: ['source_id', 'codec'],
  retentionDays: 90,
  columns: [
    { name: 'source_id', type: 'text', required: true, aliases: ['source'] },
    { name: 'codec', type: 'text', required: true },
    { name: 'plays', type: 'bigint', aliases: ['requests'] },
    { name: 'encoded_seconds', type: 'numeric' },
  ],
};
