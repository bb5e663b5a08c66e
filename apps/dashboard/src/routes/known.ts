import { toSourceId } from '@edgeledger/core';
import type { Action, Series } from '@edgeledger/warehouse';
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
