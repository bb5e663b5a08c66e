import type { Environment } from './environment.ts';
import { IMGIX_REPORT_TYPES } from './file-schema.ts';
import type { Given, Problems } from './problems.ts';
import type { SettingName } from './settings.ts';
import {
  type Check,
  checkAccountId,
  checkCpCode,
  checkCredential,
  checkHost,
  checkOrigin,
  oneOf,
  splitList,
} from './values.ts';

/** Reads variables by the rules of `values.ts`; what is refused is reported and counts as absent. */
export interface Variables {
  find<Value>(name: SettingName, check: Check<Value>): Value | undefined;
  /** A comma list. */
  findList<Value>(name: SettingName, check: Check<Value>): readonly Value[] | undefined;
  given(name: SettingName): Given | undefined;
}

export function createVariables(environment: Environment, problems: Problems): Variables {
  const judge = <Value>(given: Given, check: Check<Value>): Value | undefined => {
    const result = check(given.text);
    return result.ok ? result.value : problems.reject(given, result.sentence);
  };
  return {
    given: environment.find,
    find: (name, check) => {
      const given = environment.find(name);
      return given === undefined ? undefined : judge(given, check);
    },
    findList: (name, check) => {
      const given = environment.find(name);
      if (given === undefined) return undefined;
      const items = splitList(given.text);
      if (items.length === 0) return problems.reject(given, 'is an empty list. Unset it instead.');
      const values = items.map((text) => judge({ ...given, text }, check));
      return [...new Set(values.filter((value) => value !== undefined))];
    },
  };
}

/** What the environment says of the sources, apart from Akamai's credential. */
export function readSourceVariables(variables: Variables) {
  return {
    imgix: {
      apiKey: variables.find('IMGIX_API_KEY', checkCredential),
      apiUrl: variables.find('IMGIX_API_URL', checkOrigin),
      fileHosts: variables.findList('IMGIX_FILE_HOSTS', checkHost),
      reportTypes: variables.findList('IMGIX_REPORT_TYPES', oneOf(IMGIX_REPORT_TYPES)),
    },
    akamai: {
      apiUrl: variables.find('AKAMAI_API_URL', checkOrigin),
      accountSwitchKey: variables.find('AKAMAI_ACCOUNT_KEY', checkCredential),
      cpCodes: variables.findList('AKAMAI_CP_CODES', checkCpCode),
      accountIds: variables.findList('AKAMAI_ACCOUNT_IDS', checkAccountId),
    },
  };
}

export type SourceVariables = ReturnType<typeof readSourceVariables>;
