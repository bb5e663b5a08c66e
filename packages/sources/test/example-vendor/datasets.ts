import type { Dataset, Vendor } from '@edgeledger/core';

/** In a real vendor's folder: one more name in core's VENDORS, and no cast. */
export const TIDEWATER = 'tidewater' as Vendor;

/** One report, a CSV file per UTC day with one line per zone. */
export const ZONE_TRAFFIC: Dataset = {
  name: 'tidewater.zone_traffic',
  vendor: TIDEWATER,
  report: 'zone-traffic',
  accumulation: 'daily',
  strategy: 'upsert',
  identity: ['zone'],
  retentionDays: 30,
  columns: [
    { name: 'zone', type: 'text', required: true },
    { name: 'requests', type: 'bigint', aliases: ['hits'] },
    { name: 'egress_bytes', type: 'bigint' },
  ],
};
