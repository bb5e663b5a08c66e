import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

/** A process of its own, since signals and exit codes are what is tested. `close` is source text. */
async function startProcess(
  close: string,
  graceMs = 10_000,
): Promise<{ child: ChildProcess; output(): string }> {
  const script = `
    import { runUntilSignal } from ${JSON.stringify(new URL('./shutdown.ts', import.meta.url).href)};
    const write = (fields, message) => console.log(message);
    const logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
    setInterval(() => {}, 60_000);
    void runUntilSignal({ close: ${close}, logger, graceMs: ${graceMs} });
    console.log('up');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const up = Promise.withResolvers<void>();
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes('up')) up.resolve();
  });
  await up.promise;
  return { child, output: () => output };
}

async function untilOutput(run: { child: ChildProcess; output(): string }, text: string): Promise<void> {
  while (!run.output().includes(text)) {
    if (run.child.stdout === null) throw new Error('no output to wait for');
    await once(run.child.stdout, 'data');
  }
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s closes and ends with 0 though timers are left',
  async (signal) => {
    const run = await startProcess(`async () => console.log('closed')`);
    run.child.kill(signal);
    expect(await exitCodeOf(run.child)).toBe(0);
    expect(run.output().match(/^closed$/gm)).toHaveLength(1);
  },
);

test('a second signal ends with 1 at once', async () => {
  const run = await startProcess('() => new Promise(() => {})');
  run.child.kill('SIGTERM');
  await untilOutput(run, 'shutting down');
  run.child.kill('SIGINT');
  expect(await exitCodeOf(run.child)).toBe(1);
  expect(run.output()).toContain('second signal');
});

test('a close that fails, or does not end in time, ends with 1', async () => {
  const failing = await startProcess(`async () => { throw new Error('store is away'); }`);
  failing.child.kill('SIGTERM');
  expect(await exitCodeOf(failing.child)).toBe(1);
  const hanging = await startProcess('() => new Promise(() => {})', 50);
  hanging.child.kill('SIGTERM');
  expect(await exitCodeOf(hanging.child)).toBe(1);
  expect(hanging.output()).toContain('took too long');
});
