import type { Dataset, Source } from '@edgeledger/core';
import { AKAMAI_DATASETS } from './akamai/datasets.ts';
import { createAkamaiSource } from './akamai/source.ts';
import { IMGIX_DATASETS } from './imgix/datasets.ts';
import { createImgixSource } from './imgix/source.ts';
import type { SourceConfig, SourceServices } from './source-config.ts';

/** Every dataset that has a table, companions included. A new vendor adds its folder's list here. */
export const DATASETS: readonly Dataset[] = [...IMGIX_DATASETS, ...AKAMAI_DATASETS];

/** By full name, `imgix.cdn_logs`. */
export function findDataset(name: string): Dataset | undefined {
  return DATASETS.find((dataset) => dataset.name === name);
}

export function createSources(configs: readonly SourceConfig[], services: SourceServices): Source[] {
  return configs.map((config) =>
    config.vendor === 'imgix' ? createImgixSource(config, services) : createAkamaiSource(config, services),
  );
}
