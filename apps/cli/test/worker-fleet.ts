import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');

export interface RoleProcess {
  readonly pid: number;
  /** What it printed so far. */
  output(): string;
  /** Sends the signal and gives the exit code; null when the signal itself ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts a role as a process of its own, with nothing of this one's environment; it is killed after the test. */
export function startRole(role: string, environment: Readonly<Record<string, string>>): RoleProcess {
  const child = spawn(process.execPath, [MAIN, role], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (!hasEnded(child)) {
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  };
  onTestFinished(async () => {
    await stop('SIGKILL');
  });
  return { pid: child.pid ?? 0, output: () => output, stop };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
