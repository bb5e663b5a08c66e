// The signals come first. As process 1 of a container a process without a handler does not hear SIGTERM at all, and
// reading the program takes most of a second: a container stopped in between would be killed when its grace ends.
const LONG_RUNNING = ['scheduler', 'worker', 'dashboard', 'up'];
let stop = (): void => {
  // nothing has begun, so there is nothing to end
  process.exit(LONG_RUNNING.includes(process.argv[2] ?? '') ? 0 : 130);
};
process.on('SIGINT', () => stop());
process.on('SIGTERM', () => stop());

const { runProcess } = await import('./run-process.ts');
const running = runProcess();
stop = running.stop;
await running.ended;

export {};
