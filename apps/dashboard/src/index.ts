export { createDashboard, type Dashboard, type DashboardOptions } from './dashboard.ts';
export type { ActionResult, DashboardOperator, FindJobs, ReadPresence } from './operator.ts';
export type { ProbeOptions, Readiness, ReadinessCheck } from './routes/probes.ts';
export type { DashboardWarehouse } from './site.ts';
