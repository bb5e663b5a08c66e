import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Orders, toOrdersText } from './orders.ts';

/** How a process of the product is started as a subject: a script that takes orders, then the command line. */
export interface Launch {
  /** Absolute path of the script. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface SubjectExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A real process of the product, under observation. */
export interface Subject {
  readonly pid: number;
  readonly exited: Promise<SubjectExit>;
  /** Resolves when it listens to signals, or has ended: before, nothing can be asked of it. */
  readonly listening: Promise<void>;
  isRunning(): boolean;
  send(signal: NodeJS.Signals): void;
  /** What it wrote to both outputs so far, the last 200 kB. */
  output(): string;
  /** True once it wrote that it takes work. */
  isUp(): boolean;
  /** SIGTERM as soon as it listens, and how it ended. @throws when it does not within the limit; it is killed then. */
  stop(limitMs?: number): Promise<SubjectExit>;
}

/** Roles say so when they have started; before that they take no work. */
const UP = 'Running:';
const OUTPUT_LIMIT = 200_000;
/** Longer than a worker's grace for jobs under way. */
const STOP_LIMIT_MS = 40_000;

/** Starts it with nothing of this process's environment. */
export function startSubject(launch: Launch, args: readonly string[], orders: Orders): Subject {
  const child = spawn(process.execPath, [launch.script, toOrdersText(orders), ...args], {
    env: { ...launch.environment },
    // the channel is how a subject knows that it is one, and that whoever started it is still there
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  let up = false;
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
    up ||= output.includes(UP);
    output = output.slice(-OUTPUT_LIMIT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  let running = true;
  const ended = Promise.withResolvers<SubjectExit>();
  const listening = Promise.withResolvers<void>();
  child.once('message', () => listening.resolve());
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    running = false;
    listening.resolve();
    ended.resolve({ code, signal });
  };
  child.once('error', (error) => {
    keep(Buffer.from(`${error.message}\n`));
    end(null, null);
  });
  child.once('exit', end);
  return {
    pid: child.pid ?? 0,
    exited: ended.promise,
    listening: listening.promise,
    isRunning: () => running,
    send: (signal) => void child.kill(signal),
    output: () => output,
    isUp: () => up,
    stop: async (limitMs = STOP_LIMIT_MS) => {
      await listening.promise;
      if (running) child.kill('SIGTERM');
      const limit = new AbortController();
      const late = sleep(limitMs, 'late' as const, { signal: limit.signal }).catch(() => 'late' as const);
      const first = await Promise.race([ended.promise, late]);
      limit.abort();
      if (first !== 'late') return first;
      child.kill('SIGKILL');
      await ended.promise;
      throw new Error(`The process did not end within ${limitMs} ms of SIGTERM: ${output.slice(-2_000)}`);
    },
  };
}
