import dns from 'node:dns';
import { writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
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
process.send?.('listening');
const { createJumpingClock, createPassing, parseOrders } = await import('@edgeledger/proof');
const { runProcess } = await import('./run-process.ts');

const [text = '{}', ...args] = process.argv.slice(2);
const { stopAt, clockJump, failedLookups = 0, ...patience } = parseOrders(text);
failLookups(failedLookups);
const passing = createPassing(stopAt, (name) => {
  // whoever waits for it to be frozen cannot see it otherwise
  if (name === 'SIGSTOP') writeSync(process.stdout.fd, 'Frozen.\n');
  process.kill(process.pid, name);
});
await runProcess(args, {
  signal,
  trial: { passing, ...patience, ...(clockJump && { clock: createJumpingClock(clockJump) }) },
});

/** The name server does not answer at first: as the system's resolver tells it, before anybody asks it. */
function failLookups(count: number): void {
  if (count === 0) return;
  const { lookup } = dns;
  let left = count;
  const failing = (...asked: unknown[]): void => {
    const answer = asked.at(-1);
    if (left === 0 || typeof answer !== 'function') {
      Reflect.apply(lookup, dns, asked);
      return;
    }
    left -= 1;
    writeSync(process.stdout.fd, 'Not resolved.\n');
    const error = Object.assign(new Error(`getaddrinfo EAI_AGAIN ${asked[0]}`), {
      code: 'EAI_AGAIN',
      syscall: 'getaddrinfo',
      hostname: asked[0],
    });
    queueMicrotask(() => answer(error));
  };
  dns.lookup = Object.assign(failing, lookup) as typeof dns.lookup;
  syncBuiltinESMExports();
}
