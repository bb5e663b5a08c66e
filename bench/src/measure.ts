import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 40;

interface ProcessSample {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly cpuSeconds: number;
  /** Of children that have ended. */
  readonly endedCpuSeconds: number;
}

function readProcesses(): ProcessSample[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, 'utf8');
        const fields = text
          .slice(text.lastIndexOf(')') + 2)
          .split(' ')
          .map(Number);
        const ticks = (index: number): number => fields[index] ?? 0;
        return [
          {
            pid: Number(name),
            parent: ticks(1),
            group: ticks(2),
            cpuSeconds: (ticks(11) + ticks(12)) / TICKS_PER_SECOND,
            endedCpuSeconds: (ticks(13) + ticks(14)) / TICKS_PER_SECOND,
          },
        ];
      } catch {
        return [];
      }
    });
}

/** CPU of a server and all of its processes, also of those that have ended. */
export function readServerCpu(postmasterPid: number): number {
  return readProcesses().reduce((sum, one) => {
    if (one.pid === postmasterPid) return sum + one.cpuSeconds + one.endedCpuSeconds;
    return one.parent === postmasterPid ? sum + one.cpuSeconds : sum;
  }, 0);
}

/** Of a process, as Linux tells it; 0 elsewhere, and of one that has ended. */
export function readPeakMegabytes(pid: number): number {
  try {
    const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(match?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export interface CommandCost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of the process that needed most. */
  readonly peakMegabytes: number;
}

/** Runs a command in a process group of its own and watches all of its processes. */
export async function measureCommand(command: string, parameters: readonly string[]): Promise<CommandCost> {
  const cpu = new Map<number, number>();
  let peakMegabytes = 0;
  const start = performance.now();
  const child = spawn(command, parameters, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let problem = '';
  child.stderr.on('data', (chunk: Buffer) => {
    problem = (problem + chunk.toString()).slice(-2000);
  });
  const sample = (): void => {
    for (const one of readProcesses()) {
      if (one.group !== child.pid) continue;
      cpu.set(one.pid, one.cpuSeconds);
      peakMegabytes = Math.max(peakMegabytes, readPeakMegabytes(one.pid));
    }
  };
  const timer = setInterval(sample, SAMPLE_MS);
  const [code] = await once(child, 'exit');
  clearInterval(timer);
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${problem}`);
  return {
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: [...cpu.values()].reduce((sum, seconds) => sum + seconds, 0),
    peakMegabytes,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
