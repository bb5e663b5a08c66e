import type { Clock, Logger } from '@edgeledger/core';
import type { Warehouse } from '@edgeledger/warehouse';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Access, VIEWERS_LOOK } from './access/guard.ts';
import type { Person } from './access/people.ts';
import type { Assets } from './assets.ts';
import type { DashboardOperator, FindJobs, ReadPresence } from './operator.ts';
import { type Frame, renderNotice } from './page/layout.ts';

/** The parts of a warehouse that the pages read. */
export type DashboardWarehouse = Pick<Warehouse, 'browse' | 'charts'> & {
  readonly questions: Pick<Warehouse['questions'], 'freshness' | 'recentLoads'>;
  readonly actions: Pick<Warehouse['actions'], 'begin' | 'finish' | 'list' | 'find'>;
};

/** What all routes share. */
export interface Site {
  readonly access: Access;
  readonly assets: Assets;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly warehouse: DashboardWarehouse;
  readonly operator: DashboardOperator;
  readonly findJobs: FindJobs;
  readonly readPresence?: ReadPresence;
  /** Ids of the configured sources. */
  readonly sources: readonly string[];
}

const HTML = 'text/html; charset=utf-8';

export function toFrame(
  site: Pick<Site, 'access' | 'assets' | 'clock' | 'version'>,
  request: FastifyRequest,
): Frame {
  const { person } = request;
  return {
    assets: site.assets,
    version: site.version,
    now: site.clock.now(),
    person,
    createFormToken: () => (person === undefined ? '' : site.access.sessions.createFormToken(person)),
  };
}

export async function sendPage(reply: FastifyReply, page: string, status = 200): Promise<FastifyReply> {
  return await reply.status(status).type(HTML).send(page);
}

/** One text of a query or a form; blank when it is absent, given twice, too long, or no text for Postgres (NUL). */
export function readText(fields: unknown, name: string, maxLength = 500): string {
  const value =
    typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' && value.length <= maxLength && !value.includes('\0') ? value.trim() : '';
}

/** All texts of that name, at most a hundred. */
export function readTexts(fields: unknown, name: string): readonly string[] {
  const value =
    typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>)[name] : undefined;
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all
    .slice(0, 100)
    .filter((one): one is string => typeof one === 'string' && one !== '' && one.length <= 500);
}

/** Who may act, with a form of this site; else the answer has been sent and nothing is given. */
export async function getActor(
  site: Site,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Person | undefined> {
  const { person } = request;
  if (person?.role !== 'operator') {
    await sendPage(reply, renderNotice(toFrame(site, request), 'Not allowed', VIEWERS_LOOK.message), 403);
    return undefined;
  }
  if (!site.access.sessions.isFormToken(person, readText(request.body, 'form_token'))) {
    const message =
      'The form is not of this log-in, or the dashboard was restarted. Go back, reload the page, and try again.';
    await sendPage(reply, renderNotice(toFrame(site, request), 'That form is out of date', message), 403);
    return undefined;
  }
  return person;
}
