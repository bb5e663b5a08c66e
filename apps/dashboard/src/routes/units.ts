import { findUtcDay, toUtcDay, UNIT_STATES, type UnitKey } from '@edgeledger/core';
import { REJECTS_A_PAGE } from '@edgeledger/warehouse';
import type { FastifyInstance } from 'fastify';
import { renderDayPage } from '../page/day-page.ts';
import { explainAbsence } from '../page/explain.ts';
import { renderNotice } from '../page/layout.ts';
import { toUnitPath } from '../page/links.ts';
import { renderUnitPage } from '../page/unit-page.ts';
import { renderUnitsPage, UNITS_A_PAGE, type UnitsQuery } from '../page/units-page.ts';
import { readText, readTexts, type Site, sendPage, toFrame } from '../site.ts';
import { findAction, findPresence, listAccounts } from './known.ts';

const MAX_PAGE = 200;
const DAY_UNITS = 300;
const LOADS_WITH_JOBS = 5;
const ACTIONS_OF_A_UNIT = 10;

function readPage(text: string, max: number): number {
  return /^\d{1,7}$/.test(text) ? Math.min(max, Math.max(1, Number(text))) : 1;
}

function readUnitsQuery(query: unknown): UnitsQuery {
  const states = readTexts(query, 'state');
  return {
    text: readText(query, 'q', 200),
    account: readText(query, 'account'),
    dataset: readText(query, 'dataset'),
    day: readText(query, 'day'),
    states: UNIT_STATES.filter((state) => states.includes(state)),
    order: readText(query, 'order') === 'urgent' ? 'urgent' : 'newest',
    page: readPage(readText(query, 'page'), MAX_PAGE),
  };
}

export function registerUnits(app: FastifyInstance, site: Site): void {
  const { browse } = site.warehouse;
  app.get('/units', async (request, reply) => {
    const query = readUnitsQuery(request.query);
    const isNoDay = query.day !== '' && findUtcDay(query.day) === undefined;
    const [series, found] = await Promise.all([
      browse.series(),
      isNoDay
        ? { units: [], total: 0 }
        : browse.search({
            ...query,
            states: query.states.length === 0 ? undefined : query.states,
            limit: UNITS_A_PAGE,
            offset: (query.page - 1) * UNITS_A_PAGE,
          }),
    ]);
    const page = renderUnitsPage(toFrame(site, request), {
      query,
      found,
      accounts: listAccounts(series),
      datasets: [...new Set(series.map(({ dataset }) => dataset))].sort(),
      problem: isNoDay ? `“${query.day}” is not a day. Give a UTC day as YYYY-MM-DD.` : undefined,
    });
    return await sendPage(reply, page);
  });
  registerDay(app, site);
  registerUnit(app, site);
}

/** Where a cell of the calendar leads: to the unit of the day, or to what there is instead. */
function registerDay(app: FastifyInstance, site: Site): void {
  const { browse } = site.warehouse;
  app.get<{ Params: { account: string; dataset: string; day: string } }>(
    '/day/:account/:dataset/:day',
    async (request, reply) => {
      const { account, dataset, day } = request.params;
      const frame = toFrame(site, request);
      if (findUtcDay(day) === undefined) {
        const message = `“${day}” is not a day. Give a UTC day as YYYY-MM-DD.`;
        return await sendPage(reply, renderNotice(frame, 'Not found', message), 404);
      }
      const { units } = await browse.search({ account, dataset, day, limit: DAY_UNITS, offset: 0 });
      const [only, ...others] = units;
      if (only !== undefined && others.length === 0) return await reply.redirect(toUnitPath(only), 303);
      const series = (await browse.series()).find(
        (one) => one.account === account && one.dataset === dataset,
      );
      const absence =
        units.length > 0
          ? undefined
          : explainAbsence({
              day,
              today: toUtcDay(frame.now),
              firstDay: series?.firstDay,
              lastDay: series?.lastDay,
            });
      return await sendPage(reply, renderDayPage(frame, { account, dataset, day, units, absence }));
    },
  );
}

function registerUnit(app: FastifyInstance, site: Site): void {
  const { browse, actions } = site.warehouse;
  app.get<{ Params: { account: string; dataset: string; reportKey: string } }>(
    '/unit/:account/:dataset/:reportKey',
    async (request, reply) => {
      const key: UnitKey = request.params;
      const frame = toFrame(site, request);
      const asked = readPage(readText(request.query, 'rejects'), 1_000_000);
      const rejectsFrom = asked - (asked % REJECTS_A_PAGE);
      const details = await browse.unit(key, { rejectsFrom });
      if (details === undefined) {
        const message = `The ledger does not know ${key.reportKey} of ${key.dataset} in the account ${key.account}.`;
        return await sendPage(reply, renderNotice(frame, 'Not found', message), 404);
      }
      const loadIds = details.loads.slice(0, LOADS_WITH_JOBS).map(({ loadId }) => loadId);
      const [jobs, done, action, presence] = await Promise.all([
        site.findJobs(key, loadIds).catch((error: unknown) => {
          site.logger.warn({ error }, 'The jobs of a unit could not be looked up.');
          return undefined;
        }),
        actions.list({ limit: ACTIONS_OF_A_UNIT, unit: key }),
        findAction(site, request.query),
        findPresence(site),
      ]);
      const facts = { details, jobs, actions: done, action, rejectsFrom, presence };
      const page = renderUnitPage(frame, facts);
      return await sendPage(reply, page);
    },
  );
}
