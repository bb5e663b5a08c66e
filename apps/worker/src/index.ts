export { createHandlers, type HandlerServices, settleFailedJob } from './handlers.ts';
