import { isAbsolute, join, resolve } from 'node:path';
import { withoutStandIns } from './interpolate.ts';

export type TextFile =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** The few files that configuration consists of, with paths as people write them. */
export interface TextFiles {
  /** Absolute path: `~` is the home folder, anything relative starts at the working folder. */
  toPath(path: string): string;
  read(path: string): TextFile;
}

interface TextFilesOptions {
  readonly cwd: string;
  readonly homeDir: string;
  readonly readFile: (path: string) => string;
}

function toReason(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown error';
  const known: Record<string, string> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
  };
  return known[code] ?? code;
}

export function createTextFiles(options: TextFilesOptions): TextFiles {
  const toPath = (path: string): string => {
    if (path === '~') return options.homeDir;
    if (path.startsWith('~/')) return join(options.homeDir, path.slice(2));
    return isAbsolute(path) ? path : resolve(options.cwd, path);
  };
  return {
    toPath,
    read: (path) => {
      try {
        return { kind: 'text', text: withoutStandIns(options.readFile(toPath(path)).replace(/^\uFEFF/, '')) };
      } catch (thrown) {
        return { kind: 'unreadable', reason: toReason(thrown) };
      }
    },
  };
}
