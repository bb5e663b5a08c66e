import type { DashboardOperator } from '../src/index.ts';
import type { DashboardWarehouse } from '../src/site.ts';

const none = async () => [];

/** A warehouse before anything was planned, for tests of what is around the pages. */
export const emptyWarehouse: DashboardWarehouse = {
  questions: { freshness: none, recentLoads: none },
  browse: {
    series: none,
    calendar: none,
    states: none,
    search: async () => ({ units: [], total: 0 }),
    unit: async () => undefined,
    failedUnits: none,
    schemaChanges: none,
  },
  charts: {
    credits: async () => ({ points: [], monthToDate: undefined }),
    imgixTraffic: none,
    edgeTraffic: none,
    calls: none,
    usage: async () => ({ series: [], chosen: undefined, points: [] }),
  },
  actions: {
    begin: async () => '1',
    finish: async () => undefined,
    list: none,
    find: async () => undefined,
  },
};

/** Remembers what it was asked for. */
export function createOperatorSpy(): DashboardOperator & { readonly asked: unknown[][] } {
  const asked: unknown[][] = [];
  const answer =
    (name: string) =>
    async (...parameters: unknown[]) => {
      asked.push([name, ...parameters]);
      return { actionId: '1', outcome: 'done', message: 'Handed to the queue.' } as const;
    };
  return {
    asked,
    reload: answer('reload'),
    confirm: answer('confirm'),
    retryFailed: answer('retryFailed'),
    backfill: answer('backfill'),
  };
}
