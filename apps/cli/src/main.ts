import { enableCompileCache } from 'node:module';
import { listenToSignals } from './signals.ts';

// What Node made of the sources last time is used again: that halves the start and saves the memory of the compiler. Where
// nothing can be kept (a read-only container without NODE_COMPILE_CACHE), Node goes on without.
enableCompileCache();
const signal = listenToSignals();
// only what is loaded after that call is kept
const { runProcess } = await import('./run-process.ts');
await runProcess(process.argv.slice(2), { signal });
