import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Sends the signal once the condition holds. */
export interface StopRequest {
  readonly signal: NodeJS.Signals;
  /** Gets what was printed so far, to either stream. */
  readonly when: (output: string) => boolean;
}

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');

/** Runs the command line as its own process, with nothing of this one's environment but the path. */
export async function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stop?: StopRequest,
): Promise<CliResult> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const watch =
    stop === undefined
      ? undefined
      : setInterval(() => {
          if (stop.when(output.stdout + output.stderr)) {
            clearInterval(watch);
            child.kill(stop.signal);
          }
        }, 20);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearInterval(watch);
  return { exitCode, ...output };
}
