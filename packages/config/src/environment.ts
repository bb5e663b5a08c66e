import { withoutStandIns } from './interpolate.ts';
import type { Given, Problems } from './problems.ts';
import { isSecretSetting, type SettingName } from './settings.ts';
import type { TextFiles } from './text-files.ts';

/** The environment variables, with empty ones unset and secrets also from files. */
export interface Environment {
  find(name: SettingName): Given | undefined;
  /** Any variable that the configuration file refers to; its text is treated as a secret. */
  findReferred(name: string): Given | undefined;
}

export function createEnvironment(env: NodeJS.ProcessEnv, files: TextFiles, problems: Problems): Environment {
  const textOf = (name: string): string | undefined => {
    const text = (Object.hasOwn(env, name) ? env[name]?.trim() : undefined) ?? '';
    return text === '' ? undefined : withoutStandIns(text);
  };

  /** Containers hand over secrets as files: `<NAME>_FILE` names one. */
  const readSecretFile = (name: string, path: string): string | undefined => {
    const read = files.read(path);
    if (read.kind === 'text' && read.text.trim() !== '') return read.text.trim();
    const reason = read.kind === 'text' ? 'is empty' : `cannot be read (${read.reason})`;
    problems.add(`${name}_FILE`, `The file ${path} ${reason}. Name a file that holds ${name}.`);
    return undefined;
  };

  const findWithFile = (name: string): Given | undefined => {
    const direct = textOf(name);
    const path = textOf(`${name}_FILE`);
    if (direct !== undefined && path !== undefined) {
      problems.add(name, `Both ${name} and ${name}_FILE are set. Unset one of them.`);
    }
    const text = direct ?? (path === undefined ? undefined : readSecretFile(name, path));
    return text === undefined ? undefined : { label: name, text, secret: true };
  };

  return {
    find: (name) => {
      if (isSecretSetting(name)) return findWithFile(name);
      const text = textOf(name);
      return text === undefined ? undefined : { label: name, text, secret: false };
    },
    findReferred: findWithFile,
  };
}
