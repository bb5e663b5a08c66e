import { listenToSignals } from './signals.ts';

const signal = listenToSignals();
const { runProcess } = await import('./run-process.ts');
await runProcess(process.argv.slice(2), { signal });
