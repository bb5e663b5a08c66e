import type { SourceConfig } from '@edgeledger/config';
import { Secret } from '@edgeledger/core';
import type { EmulatorFacts } from '@edgeledger/emulator';

/** Rows of the demo are kept apart from real ones by their account. */
export const DEMO_ACCOUNT = 'demo';

/** Both emulated vendors with everything they offer. */
export function toDemoSources({ imgix, akamai, ...places }: EmulatorFacts): readonly SourceConfig[] {
  return [
    {
      vendor: 'imgix',
      account: DEMO_ACCOUNT,
      apiKey: new Secret(imgix.apiKey),
      apiUrl: new URL(places.imgixUrl),
      fileHosts: [places.filesHost],
      reportTypes: [
        'cdn_logs',
        'credit_analytics_daily',
        'credit_analytics_mtd',
        'image_analytics',
        'mild_errors',
        'source_analytics',
      ],
      reportTypesExplicit: true,
    },
    {
      vendor: 'akamai',
      account: DEMO_ACCOUNT,
      clientToken: new Secret(akamai.clientToken),
      clientSecret: new Secret(akamai.clientSecret),
      accessToken: new Secret(akamai.accessToken),
      apiUrl: new URL(places.akamaiUrl),
      streams: [
        { name: 'default', dataset: 'endpoint_usage_by_time', objectIds: 'all' },
        { name: 'default', dataset: 'api_usage_details', objectIds: places.accountIds },
      ],
    },
  ];
}
