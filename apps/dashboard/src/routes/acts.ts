import { addDays, findUtcDay, parseUtcDay, toUtcDay, type UnitKey } from '@edgeledger/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Person } from '../access/people.ts';
import type { ActionResult } from '../operator.ts';
import { ACTIONS_A_PAGE, renderActionsPage } from '../page/actions-page.ts';
import { findRangeProblem, renderBackfillPage } from '../page/backfill-page.ts';
import { renderNotice } from '../page/layout.ts';
import { toPath, toUnitPath } from '../page/links.ts';
import { renderSchemaPage, SHOWN_CHANGES } from '../page/schema-page.ts';
import { getActor, readText, readTexts, type Site, sendPage, toFrame } from '../site.ts';
import { findAction, listSources } from './known.ts';

export function registerActs(app: FastifyInstance, site: Site): void {
  const { operator } = site;
  registerAct(app, site, '/actions/reload', async (body, person) => {
    const unit = readUnit(body);
    const result = await operator.reload(unit, person.name);
    return toPath(toUnitPath(unit), { action: result.actionId });
  });
  registerAct(app, site, '/actions/confirm', async (body, person) => {
    const unit = readUnit(body);
    const result = await operator.confirm(unit, readText(body, 'revision', 2_000), person.name);
    return toPath(toUnitPath(unit), { action: result.actionId });
  });
  registerAct(app, site, '/actions/retry', async (body, person) => {
    const account = readText(body, 'account');
    const filter = account === '' ? {} : { account };
    const result: ActionResult = await operator.retryFailed(filter, person.name);
    return toPath('/', { account, action: result.actionId });
  });
  registerAct(app, site, '/actions/backfill', (body, person) => backfill(site, body, person));
  registerActionPages(app, site);
}

/** One way for all of them: a form of this log-in, by an operator; then back to a page that says what came of it. */
function registerAct(
  app: FastifyInstance,
  site: Site,
  path: string,
  act: (body: unknown, person: Person) => Promise<string | undefined>,
): void {
  // a viewer is told on a page
  app.post(
    path,
    { config: { takesFromViewers: true } },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const person = await getActor(site, request, reply);
      if (person === undefined) return reply;
      const next = await act(request.body, person);
      if (next !== undefined) return await reply.redirect(next, 303);
      const message = 'Something is missing in the form. Go back and try again.';
      return await sendPage(
        reply,
        renderNotice(toFrame(site, request), 'That form is not complete', message),
        400,
      );
    },
  );
}

function readUnit(body: unknown): UnitKey {
  return {
    account: readText(body, 'account'),
    dataset: readText(body, 'dataset'),
    reportKey: readText(body, 'report_key'),
  };
}

function splitList(text: string): readonly string[] {
  return text.split(',').filter((one) => one !== '');
}

async function backfill(site: Site, body: unknown, person: Person): Promise<string | undefined> {
  const query = {
    from: readText(body, 'from'),
    to: readText(body, 'to'),
    sources: splitList(readText(body, 'sources', 5_000)),
    datasets: splitList(readText(body, 'datasets', 5_000)),
  };
  if (findRangeProblem(query, toLatestDay(site)) !== undefined) return undefined;
  const known = listSources(site, await site.warehouse.browse.series());
  const result = await site.operator.backfill(
    {
      sources: query.sources.filter((source) => known.includes(source)),
      from: parseUtcDay(query.from, 'from'),
      to: parseUtcDay(query.to, 'to'),
      ...(query.datasets.length > 0 && { datasets: query.datasets }),
    },
    person.name,
  );
  return toPath('/backfill', { action: result.actionId });
}

/** Whole days are planned, so yesterday is the newest. */
function toLatestDay(site: Site) {
  return addDays(toUtcDay(site.clock.now()), -1);
}

function registerActionPages(app: FastifyInstance, site: Site): void {
  const { actions, browse } = site.warehouse;
  app.get('/actions', async (request, reply) => {
    const before = readText(request.query, 'before', 18);
    const isPage = /^\d+$/.test(before);
    const found = await actions.list({ limit: ACTIONS_A_PAGE, ...(isPage && { before }) });
    return await sendPage(reply, renderActionsPage(toFrame(site, request), found, !isPage));
  });
  app.get('/schema', async (request, reply) => {
    const changes = await browse.schemaChanges(SHOWN_CHANGES);
    return await sendPage(reply, renderSchemaPage(toFrame(site, request), changes));
  });
  app.get('/backfill', async (request, reply) => {
    const series = await browse.series();
    const sources = listSources(site, series);
    const account = readText(request.query, 'account');
    const asked = readTexts(request.query, 'source').filter((source) => sources.includes(source));
    const datasets = readTexts(request.query, 'dataset');
    const ofAccount = sources.filter((source) => account === '' || source.endsWith(`-${account}`));
    const ofDatasets = ofAccount.filter(
      (source) =>
        datasets.length === 0 || datasets.some((name) => source.startsWith(`${name.split('.')[0]}-`)),
    );
    const query = {
      from: readText(request.query, 'from', 10),
      to: readText(request.query, 'to', 10),
      sources: asked.length > 0 ? asked : ofDatasets,
      datasets,
    };
    const known = await countKnown(site, query);
    const page = renderBackfillPage(toFrame(site, request), {
      query,
      sources,
      datasets: [...new Set(series.map(({ dataset }) => dataset))].sort(),
      latest: toLatestDay(site),
      known,
      action: await findAction(site, request.query),
    });
    return await sendPage(reply, page);
  });
}

async function countKnown(
  site: Site,
  query: {
    readonly from: string;
    readonly to: string;
    readonly sources: readonly string[];
    readonly datasets: readonly string[];
  },
) {
  if (findRangeProblem(query, toLatestDay(site)) !== undefined || findUtcDay(query.from) === undefined)
    return undefined;
  const cells = await site.warehouse.browse.calendar({ from: query.from, to: query.to });
  const wanted = cells.filter(
    ({ account, dataset }) =>
      query.sources.includes(`${dataset.split('.')[0]}-${account}`) &&
      (query.datasets.length === 0 || query.datasets.includes(dataset)),
  );
  return {
    units: wanted.reduce((sum, cell) => sum + cell.units, 0),
    loaded: wanted.reduce((sum, cell) => sum + cell.loaded, 0),
  };
}
