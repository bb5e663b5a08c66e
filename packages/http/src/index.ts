export { createGuardedFetch } from './guarded-fetch.ts';
export {
  type AttemptFacts,
  createHttpClient,
  type HttpClient,
  type HttpClientOptions,
  type HttpRequest,
} from './http-client.ts';
export { type HttpResponse, readErrorBody } from './http-response.ts';
export { createLocalRateBudget } from './local-rate-budget.ts';
export { isLoopbackHost } from './loopback.ts';
export type { RateLimit } from './rate-limit.ts';
export { findVendorWaitMs, type ResponseHeaders } from './retry.ts';
export { type FailedResponse, toStatusError } from './status-map.ts';
export { systemTimers, type Timers } from './timers.ts';
export { redactText, toVendorMessage } from './vendor-message.ts';
