export {
  createDashboard,
  type Dashboard,
  type DashboardOptions,
  type Readiness,
  type ReadinessCheck,
} from './dashboard.ts';
export type { CoverageDay, DashboardQuestions, Freshness, Gap, RecentLoad } from './questions.ts';
