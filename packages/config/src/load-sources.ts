import type { Vendor } from '@edgeledger/core';
import { AKAMAI_CREDENTIAL_VARIABLES, type AkamaiTools, toAkamaiSource } from './akamai-source.ts';
import type { SourceConfig } from './config.ts';
import type { FileConfig } from './file-schema.ts';
import { toImgixSource } from './imgix-source.ts';
import type { Problems } from './problems.ts';
import type { TextFiles } from './text-files.ts';
import { readSourceVariables, type Variables } from './variables.ts';
import type { FilePath } from './yaml-file.ts';

/** The file, if there is one: `invalid` when it is there and its problems are reported already. */
export type SourceFile =
  | { readonly kind: 'absent' | 'invalid' }
  | { readonly kind: 'valid'; readonly config: FileConfig; readonly label: (path: FilePath) => string };

interface Tools {
  readonly variables: Variables;
  readonly files: TextFiles;
  readonly problems: Problems;
}

function reportDuplicates(
  sources: readonly (SourceConfig | undefined)[],
  file: SourceFile,
  problems: Problems,
) {
  const seen = new Set<string>();
  for (const [index, source] of sources.entries()) {
    if (source === undefined || file.kind !== 'valid') continue;
    const key = `${source.vendor} ${source.account}`;
    if (seen.has(key)) {
      const place = file.label(['sources', index]);
      problems.add(
        place,
        `A second ${source.vendor} source of the account "${source.account}". Name another account.`,
      );
    }
    seen.add(key);
  }
}

/** Sources of the file first, in its order; then one of the environment for each vendor the file does not have. */
export function loadSources(file: SourceFile, tools: Tools): readonly SourceConfig[] {
  const { variables, files, problems } = tools;
  const fromVariables = readSourceVariables(variables);
  const akamai: AkamaiTools = { variables, sourceVariables: fromVariables.akamai, files, problems };
  // whether the environment's credential is complete depends on a file that could not be read
  if (file.kind === 'invalid') return [];
  const listed = file.kind === 'valid' ? (file.config.sources ?? []) : [];
  const count = (vendor: Vendor) => listed.filter((source) => source.vendor === vendor).length;

  const sources = listed.map((source, index): SourceConfig | undefined => {
    const label = (path: FilePath) =>
      file.kind === 'valid' ? file.label(['sources', index, ...path]) : source.vendor;
    const isOnly = count(source.vendor) === 1;
    return source.vendor === 'imgix'
      ? toImgixSource(
          { file: source, label: label([]), mayUseVariableKey: isOnly },
          fromVariables.imgix,
          problems,
        )
      : toAkamaiSource({ file: source, label, mayUseVariables: isOnly }, akamai);
  });
  reportDuplicates(sources, file, problems);

  if (count('imgix') === 0 && fromVariables.imgix.apiKey !== undefined) {
    sources.push(toImgixSource({ label: 'imgix', mayUseVariableKey: true }, fromVariables.imgix, problems));
  }
  if (count('akamai') === 0) {
    sources.push(toAkamaiSource({ label: () => 'Akamai', mayUseVariables: true }, akamai));
  }
  return sources.filter((source) => source !== undefined);
}

/** The variables that would enable each vendor that has no source. */
export function findMissing(sources: readonly SourceConfig[]): Record<Vendor, readonly string[]> {
  const has = (vendor: Vendor) => sources.some((source) => source.vendor === vendor);
  return {
    imgix: has('imgix') ? [] : ['IMGIX_API_KEY'],
    akamai: has('akamai') ? [] : AKAMAI_CREDENTIAL_VARIABLES,
  };
}
