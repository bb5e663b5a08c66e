export { createAkamaiSource } from './akamai/source.ts';
export { normalizeHeader } from './csv/header.ts';
export { createFileSource, type FileSourceConfig } from './file-source.ts';
export { createImgixSource } from './imgix/source.ts';
export { createSources, DATASETS, findDataset } from './registry.ts';
export type {
  AkamaiSourceConfig,
  AkamaiStream,
  ColumnSetting,
  DatasetSetting,
  ImgixSourceConfig,
  SourceConfig,
  SourceServices,
} from './source-config.ts';
