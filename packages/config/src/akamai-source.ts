import {
  type AkamaiCredential,
  CREDENTIAL_KEYS,
  type CredentialKey,
  loadEdgerc,
  toCredential,
} from './akamai-credential.ts';
import { defaultStreams, toStreams } from './akamai-streams.ts';
import type { AkamaiSourceConfig } from './config.ts';
import type { AkamaiFileSource } from './file-schema.ts';
import type { Given, Problems } from './problems.ts';
import type { SettingName } from './settings.ts';
import type { TextFiles } from './text-files.ts';
import type { SourceVariables, Variables } from './variables.ts';

const CREDENTIAL_VARIABLES = {
  host: 'AKAMAI_HOST',
  client_token: 'AKAMAI_CLIENT_TOKEN',
  client_secret: 'AKAMAI_CLIENT_SECRET',
  access_token: 'AKAMAI_ACCESS_TOKEN',
} as const satisfies Record<CredentialKey, SettingName>;

const FILE_KEYS: Record<CredentialKey, string> = {
  host: 'host',
  client_token: 'clientToken',
  client_secret: 'clientSecret',
  access_token: 'accessToken',
};

export const AKAMAI_CREDENTIAL_VARIABLES: readonly SettingName[] = Object.values(CREDENTIAL_VARIABLES);

export interface AkamaiTools {
  readonly variables: Variables;
  readonly sourceVariables: SourceVariables['akamai'];
  readonly files: TextFiles;
  readonly problems: Problems;
}

/** All four texts, or which are missing. */
function gather(find: (key: CredentialKey) => Given | undefined) {
  const [host, client_token, client_secret, access_token] = CREDENTIAL_KEYS.map(find);
  if (host && client_token && client_secret && access_token) {
    return { complete: { host, client_token, client_secret, access_token }, missing: [] };
  }
  return { complete: undefined, missing: CREDENTIAL_KEYS.filter((key) => find(key) === undefined) };
}

/**
 * The credential of the environment: the four variables win when all are set (as in Akamai's own tools),
 * otherwise the `.edgerc` that is named. Undefined when nothing is set, or when what is set is reported.
 */
function findVariableCredential(tools: AkamaiTools): AkamaiCredential | undefined {
  const { variables, files, problems } = tools;
  const { complete, missing } = gather((key) => variables.given(CREDENTIAL_VARIABLES[key]));
  if (complete !== undefined) return toCredential(complete, problems);
  const edgerc = variables.given('AKAMAI_EDGERC');
  if (missing.length < CREDENTIAL_KEYS.length) {
    const names = missing.map((key) => CREDENTIAL_VARIABLES[key]).join(', ');
    const otherwise = edgerc === undefined ? '' : ', or unset the others to use AKAMAI_EDGERC';
    problems.add('Akamai', `Only some of the credential is set: ${names} missing. Set all four${otherwise}.`);
    return undefined;
  }
  if (edgerc === undefined) return undefined;
  const section = variables.given('AKAMAI_EDGERC_SECTION')?.text ?? 'default';
  return loadEdgerc({ label: 'AKAMAI_EDGERC', path: edgerc.text, section }, files, problems);
}

interface AkamaiInput {
  readonly file?: AkamaiFileSource;
  readonly label: (path: readonly (string | number)[]) => string;
  /** With several sources of a vendor each must name its own credential. */
  readonly mayUseVariables: boolean;
}

/** What the file gives of the credential, filled up value by value; `absent` when it gives nothing. */
function findFileCredential(
  file: AkamaiFileSource,
  input: AkamaiInput,
  tools: AkamaiTools,
): AkamaiCredential | 'absent' | undefined {
  const { files, problems } = tools;
  const texts: Record<CredentialKey, string | undefined> = {
    host: file.host?.origin,
    client_token: file.clientToken,
    client_secret: file.clientSecret,
    access_token: file.accessToken,
  };
  const hasSome = CREDENTIAL_KEYS.some((key) => texts[key] !== undefined);
  if (file.edgerc !== undefined && hasSome) {
    problems.add(input.label([]), 'Both edgerc and parts of the credential are given. Keep one of them.');
    return undefined;
  }
  if (file.edgerc !== undefined) {
    const section = file.edgerc.section ?? 'default';
    return loadEdgerc({ label: input.label(['edgerc']), path: file.edgerc.path, section }, files, problems);
  }
  if (!hasSome) return 'absent';
  const { complete, missing } = gather((key) => {
    const text = texts[key];
    if (text !== undefined) return { label: input.label([FILE_KEYS[key]]), text, secret: key !== 'host' };
    return input.mayUseVariables ? tools.variables.given(CREDENTIAL_VARIABLES[key]) : undefined;
  });
  if (complete !== undefined) return toCredential(complete, problems);
  const absent = missing.map((key) => FILE_KEYS[key]).join(', ');
  problems.add(input.label([]), `${absent} missing. Give all four of the credential, or an edgerc.`);
  return undefined;
}

function findCredential(input: AkamaiInput, tools: AkamaiTools): AkamaiCredential | undefined {
  const own = input.file === undefined ? 'absent' : findFileCredential(input.file, input, tools);
  if (own !== 'absent') return own;
  const before = tools.problems.count();
  const credential = input.mayUseVariables ? findVariableCredential(tools) : undefined;
  if (credential === undefined && tools.problems.count() === before && input.file !== undefined) {
    const fill = input.mayUseVariables
      ? `, or set ${AKAMAI_CREDENTIAL_VARIABLES.join(', ')}`
      : ' (each account needs its own)';
    tools.problems.add(input.label([]), `The credential is missing. Add edgerc: { path: ~/.edgerc }${fill}.`);
  }
  return credential;
}

/** One Akamai source: what the file says, filled up from the environment. */
export function toAkamaiSource(input: AkamaiInput, tools: AkamaiTools): AkamaiSourceConfig | undefined {
  const { file } = input;
  const { sourceVariables, problems } = tools;
  const streams =
    file?.streams === undefined
      ? defaultStreams(sourceVariables.cpCodes, sourceVariables.accountIds)
      : toStreams(file.streams, (path) => input.label(['streams', ...path]), problems);
  const credential = findCredential(input, tools);
  if (credential === undefined) return undefined;
  const switchKey =
    file?.accountSwitchKey ??
    (input.mayUseVariables ? sourceVariables.accountSwitchKey : undefined) ??
    credential.accountSwitchKey;
  return {
    vendor: 'akamai',
    account: file?.account ?? 'default',
    clientToken: credential.clientToken,
    clientSecret: credential.clientSecret,
    accessToken: credential.accessToken,
    apiUrl: file?.apiUrl ?? (input.mayUseVariables ? sourceVariables.apiUrl : undefined) ?? credential.host,
    ...(switchKey === undefined ? {} : { accountSwitchKey: switchKey }),
    streams,
  };
}
