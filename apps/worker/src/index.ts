export { createHandlers, type HandlerServices, settleFailedJob } from './handlers.ts';
export { type RunUntilSignalOptions, runUntilSignal } from './shutdown.ts';
