import { writeSync } from 'node:fs';
import { listenToSignals } from './signals.ts';

/**
 * The command line as the subject of a proof: the same program, which ends where it was told to. Only a proof starts it, by
 * a channel to its own process; `edgeledger` itself takes no such orders, from nowhere.
 */
const { channel } = process;
if (channel === undefined || channel === null) {
  process.stderr.write('This is started by `edgeledger prove` and by tests only.\n');
  process.exit(2);
}
// the channel must not keep a process alive that is done
channel.unref();
process.once('disconnect', () => process.exit(1));

const signal = listenToSignals();
const { createJumpingClock, createPassing, parseOrders } = await import('@edgeledger/proof');
const { runProcess } = await import('./run-process.ts');

const [text = '{}', ...args] = process.argv.slice(2);
const { stopAt, clockJump, ...patience } = parseOrders(text);
const passing = createPassing(stopAt, (name) => {
  // whoever waits for it to be frozen cannot see it otherwise
  if (name === 'SIGSTOP') writeSync(process.stdout.fd, 'Frozen.\n');
  process.kill(process.pid, name);
});
await runProcess(args, {
  signal,
  trial: { passing, ...patience, ...(clockJump && { clock: createJumpingClock(clockJump) }) },
});
