import { Secret } from '@edgeledger/core';
import type { DatasetConfig, ImgixSourceConfig } from './config.ts';
import { IMGIX_REPORT_TYPES, type ImgixFileSource } from './file-schema.ts';
import type { Problems } from './problems.ts';
import type { SourceVariables } from './variables.ts';

const API_URL = 'https://api.imgix.com';
const FILE_HOSTS = ['storage.googleapis.com'];

interface ImgixInput {
  readonly file?: ImgixFileSource;
  /** Place of the source in the file, or the variables. */
  readonly label: string;
  /** With several sources of a vendor each must name its own key, or one would be read twice. */
  readonly mayUseVariableKey: boolean;
}

function toDatasets(datasets: NonNullable<ImgixFileSource['datasets']>): Record<string, DatasetConfig> {
  // zod marks optional members as "or undefined"; what is undefined is left out here
  return JSON.parse(JSON.stringify(datasets)) as Record<string, DatasetConfig>;
}

/** One imgix source: what the file says, filled up from the environment. */
export function toImgixSource(
  input: ImgixInput,
  variables: SourceVariables['imgix'],
  problems: Problems,
): ImgixSourceConfig | undefined {
  const { file } = input;
  const apiKey = file?.apiKey ?? (input.mayUseVariableKey ? variables.apiKey : undefined);
  if (apiKey === undefined) {
    const fill = input.mayUseVariableKey ? ' or set IMGIX_API_KEY' : ' (each account needs its own)';
    problems.add(input.label, `apiKey is missing. Add it${fill}.`);
    return undefined;
  }
  const reportTypes = file?.reportTypes ?? variables.reportTypes;
  return {
    vendor: 'imgix',
    account: file?.account ?? 'default',
    apiKey: new Secret(apiKey),
    apiUrl: file?.apiUrl ?? variables.apiUrl ?? new URL(API_URL),
    fileHosts: file?.fileHosts ?? variables.fileHosts ?? FILE_HOSTS,
    reportTypes: [...new Set(reportTypes ?? IMGIX_REPORT_TYPES)],
    reportTypesExplicit: reportTypes !== undefined,
    ...(file?.datasets === undefined ? {} : { datasets: toDatasets(file.datasets) }),
    ...(file?.maxInflatedBytes === undefined ? {} : { maxInflatedBytes: file.maxInflatedBytes }),
  };
}
