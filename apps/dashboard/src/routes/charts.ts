import { addDays, eachDay, findUtcDay, toUtcDay, type UtcDay } from '@edgeledger/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { renderCreditsPage, renderTrafficPage, renderUsagePage } from '../page/charts-pages.ts';
import { lastDayOf } from '../page/projection.ts';
import { readText, type Site, sendPage, toFrame } from '../site.ts';
import { listAccounts } from './known.ts';

/** One account at a time: figures of several are not added up. */
async function readAccount(site: Site, request: FastifyRequest) {
  const accounts = listAccounts(await site.warehouse.browse.series());
  const asked = readText(request.query, 'account');
  return { accounts, account: accounts.find((one) => one === asked) ?? accounts[0] ?? 'default' };
}

function readMonth(text: string, today: UtcDay): UtcDay {
  return findUtcDay(`${text}-01`) ?? findUtcDay(`${today.slice(0, 7)}-01`) ?? today;
}

export function registerCharts(app: FastifyInstance, site: Site): void {
  const { charts } = site.warehouse;
  app.get('/charts', async (request, reply) => {
    const frame = toFrame(site, request);
    // of yesterday: on the first of a month its own has no figures yet
    const first = readMonth(readText(request.query, 'month', 7), addDays(toUtcDay(frame.now), -1));
    const [from, to] = [first, lastDayOf(first)];
    const { account, accounts } = await readAccount(site, request);
    const credits = await charts.credits({ account, from, to });
    const facts = { account, accounts, month: first.slice(0, 7), days: eachDay(from, to), credits };
    return await sendPage(reply, renderCreditsPage(frame, facts));
  });
  app.get('/charts/traffic', async (request, reply) => {
    const frame = toFrame(site, request);
    const range = readText(request.query, 'days') === '90' ? 90 : 30;
    const to = addDays(toUtcDay(frame.now), -1);
    const from = addDays(to, 1 - range);
    const { account, accounts } = await readAccount(site, request);
    const wanted = { account, from, to };
    // one after the other: each may take seconds, and the connections are few
    const imgix = await charts.imgixTraffic(wanted);
    const edge = await charts.edgeTraffic(wanted);
    const calls = await charts.calls(wanted);
    const facts = { account, accounts, range, days: eachDay(from, to), imgix, edge, calls };
    return await sendPage(reply, renderTrafficPage(frame, facts));
  });
  app.get('/charts/usage', async (request, reply) => {
    const frame = toFrame(site, request);
    const { account, accounts } = await readAccount(site, request);
    const day = findUtcDay(readText(request.query, 'day')) ?? addDays(toUtcDay(frame.now), -1);
    const series = readText(request.query, 'series');
    const usage = await charts.usage({ account, day, ...(series !== '' && { series }) });
    return await sendPage(reply, renderUsagePage(frame, { account, accounts, day, usage }));
  });
}
