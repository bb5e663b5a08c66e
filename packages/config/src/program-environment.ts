/** What a program needs of the environment to be found, to load its libraries, and to know language, time zone and a place for files. */
const NEEDED = [
  'PATH',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  // without these, programs of Windows open no socket and no file
  'SystemRoot',
  'windir',
  'TEMP',
  'TMP',
] as const;

/**
 * For programs of others that we start: anything that this machine lets read the environment of a process that may outlive ours,
 * and what one hands on to its own, must find no secret of ours there.
 */
export function toProgramEnvironment(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(NEEDED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** {@link toProgramEnvironment} of this process. */
export function readProgramEnvironment(): Readonly<Record<string, string>> {
  return toProgramEnvironment(process.env);
}
