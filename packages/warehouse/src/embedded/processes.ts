import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether the process exists and has not ended; a zombie, which nobody may ever reap in a container, has ended. */
export async function isProcessAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // "pid (name) state": the name may hold blanks and brackets itself
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

/** The program a process runs, as far as the system tells; undefined when it does not. */
export async function findProgram(
  pid: number,
  environment: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') return (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
    if (process.platform === 'win32') {
      return (await run('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH'], { env: environment }))
        .stdout;
    }
    return (await run('ps', ['-o', 'comm=', '-p', String(pid)], { env: environment })).stdout.trim();
  } catch {
    return undefined;
  }
}

/** Asks again until it is so; false when the deadline passed first. */
export async function until(
  condition: () => Promise<boolean>,
  timing: { readonly timeoutMs: number; readonly intervalMs: number },
): Promise<boolean> {
  const deadline = performance.now() + timing.timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, timing.intervalMs));
  }
}
