import { settlesWithin, toSourceId } from '@edgeledger/core';
import type { Action, Series } from '@edgeledger/warehouse';
import type { KnownPresence } from '../page/presence.ts';
import { readText, type Site } from '../site.ts';

/** The action that led to this page, by `?action=`. */
export async function findAction(site: Site, query: unknown): Promise<Action | undefined> {
  const id = readText(query, 'action', 18);
  return /^\d+$/.test(id) ? await site.warehouse.actions.find(id) : undefined;
}

/** Those that are configured, and those that the ledger has units of. */
export function listSources(site: Site, series: readonly Series[]): readonly string[] {
  return [...new Set([...site.sources, ...series.map(toSourceId)])].sort();
}

export function listAccounts(series: readonly Series[]): readonly string[] {
  return [...new Set(series.map(({ account }) => account))];
}

/** A page is of use without it, so it is waited for no longer than that. */
const PRESENCE_LIMIT_MS = 1_500;

/** Undefined when nobody can tell. */
export async function findPresence(site: Site): Promise<KnownPresence | undefined> {
  const asked = site.readPresence?.();
  if (asked === undefined) return undefined;
  if (!(await settlesWithin(asked, PRESENCE_LIMIT_MS))) return undefined;
  try {
    const isPlanned = site.sources.length > 0;
    return { ...(await asked), isPlanned };
  } catch (error) {
    site.logger.warn({ error }, 'Nobody knows whether a worker is connected.');
    return undefined;
  }
}
