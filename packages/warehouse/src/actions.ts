import type { ActionLog } from '@edgeledger/core';
import type { Kysely, Selectable } from 'kysely';
import type { Connection } from './connect.ts';
import { createTranslator } from './pg-errors.ts';
import type { WarehouseSchema } from './schema.ts';
import type { ActionsTable } from './schema-actions.ts';
import { toStoredJson, toStoredText } from './stored-text.ts';

export type Action = Selectable<ActionsTable>;

export interface ActionFilter {
  readonly limit: number;
  /** Only those before this id, for the next page. */
  readonly before?: string | undefined;
  /** Only those about one unit. */
  readonly unit?:
    | { readonly account: string; readonly dataset: string; readonly reportKey: string }
    | undefined;
}

/** `ledger.actions`: written by what people ask for, read by the pages. */
export interface Actions extends ActionLog {
  /** Newest first. */
  list(filter: ActionFilter): Promise<readonly Action[]>;
  find(actionId: string): Promise<Action | undefined>;
}

const LONGEST_MESSAGE = 2_000;

export function createActions(connection: Connection, database: Kysely<WarehouseSchema>): Actions {
  const run = createTranslator(connection.label);
  return {
    begin: (request) =>
      run('Recording an action', async () => {
        const { action_id } = await database
          .insertInto('ledger.actions')
          .values({
            person: request.person,
            kind: request.kind,
            account: request.account ?? null,
            dataset: request.dataset ?? null,
            report_key: request.reportKey ?? null,
            details: toStoredJson(request.details ?? {}),
          })
          .returning('action_id')
          .executeTakeFirstOrThrow();
        return action_id;
      }),
    finish: (actionId, outcome, message) =>
      run('Recording the outcome of an action', async () => {
        await database
          .updateTable('ledger.actions')
          .set({ outcome, message: toStoredText(message).slice(0, LONGEST_MESSAGE), finished_at: new Date() })
          .where('action_id', '=', actionId)
          .where('outcome', '=', 'requested')
          .execute();
      }),
    list: (filter) => run('Reading the actions', () => listActions(database, filter)),
    find: (actionId) =>
      run('Reading the actions', async () =>
        database
          .selectFrom('ledger.actions')
          .selectAll()
          .where('action_id', '=', actionId)
          .executeTakeFirst(),
      ),
  };
}

async function listActions(
  database: Kysely<WarehouseSchema>,
  filter: ActionFilter,
): Promise<readonly Action[]> {
  let query = database
    .selectFrom('ledger.actions')
    .selectAll()
    .orderBy('action_id', 'desc')
    .limit(filter.limit);
  if (filter.before !== undefined) query = query.where('action_id', '<', filter.before);
  if (filter.unit !== undefined) {
    query = query
      .where('account', '=', filter.unit.account)
      .where('dataset', '=', filter.unit.dataset)
      .where('report_key', '=', filter.unit.reportKey);
  }
  return await query.execute();
}
