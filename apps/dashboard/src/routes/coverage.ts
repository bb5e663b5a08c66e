import type { FastifyInstance } from 'fastify';
import { readDayCount, toCalendarRange } from '../page/calendar.ts';
import { renderCoveragePage } from '../page/coverage-page.ts';
import { readText, type Site, sendPage, toFrame } from '../site.ts';
import { findAction, findPresence, listAccounts, listSources } from './known.ts';

const URGENT_UNITS = 12;
const RECENT_LOADS = 12;

export function registerCoverage(app: FastifyInstance, site: Site): void {
  const { browse, questions } = site.warehouse;
  app.get('/', async (request, reply) => {
    const frame = toFrame(site, request);
    const days = readDayCount((request.query as Record<string, unknown>).days);
    const chosen = readText(request.query, 'account');
    const account = chosen === '' ? undefined : chosen;
    const [series, cells, states, urgent, freshness, loads, action, presence] = await Promise.all([
      browse.series(),
      browse.calendar({ account, ...toCalendarRange(frame.now, days) }),
      browse.states(),
      browse.search({
        account,
        states: ['failed', 'expected', 'waiting', 'loading', 'lost'],
        order: 'urgent',
        limit: URGENT_UNITS,
        offset: 0,
      }),
      questions.freshness(),
      questions.recentLoads(RECENT_LOADS),
      findAction(site, request.query),
      findPresence(site),
    ]);
    const isShown = (row: { readonly account: string }): boolean =>
      account === undefined || row.account === account;
    const page = renderCoveragePage(frame, {
      days,
      account,
      accounts: listAccounts(series),
      cells,
      states: states.filter(isShown),
      urgent,
      freshness: freshness.filter(isShown),
      loads: loads.filter(isShown),
      sources: listSources(site, series),
      action,
      presence,
    });
    return await sendPage(reply, page);
  });
}
