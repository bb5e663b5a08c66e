export type { HandlerServices } from './handler-services.ts';
export { createHandlers, settleFailedJob } from './handlers.ts';
