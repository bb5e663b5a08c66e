import { createInterface } from 'node:readline/promises';
import { text as readAll } from 'node:stream/consumers';
import { DAY_MS, EdgeledgerError, toShownText } from '@edgeledger/core';
import type { ReaderAnswer } from '@edgeledger/warehouse';
import { EXIT } from '../exit-codes.ts';
import { type Io, printExact, printNote, terminalWidth, toJsonText } from '../io.ts';
import { readSetup, type Services, withServices } from '../services.ts';
import { findMetaQuery } from '../sql-commands.ts';
import { splitStatements } from '../sql-statements.ts';
import { renderTable } from '../text-table.ts';

export interface SqlOptions {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly url?: boolean;
}

/** Answers queries, read-only: the one given, those on standard input, or one after the other at a prompt. */
export async function runSqlCommand(io: Io, query: string | undefined, options: SqlOptions): Promise<number> {
  const setup = readSetup(io);
  return withServices(setup, { role: 'sql', skipSchema: options.url === true }, async (services) => {
    if (options.url === true) return await keepOpen(services);
    if (query !== undefined) await answerAll(query, services, options);
    else if (process.stdin.isTTY !== true) await answerAll(await readAll(process.stdin), services, options);
    else await answerAtPrompt(services, options);
    return EXIT.done;
  });
}

async function answerAll(text: string, services: Services, options: SqlOptions): Promise<void> {
  for (const statement of toStatements(text)) await answer(statement, services, options);
}

function toStatements(text: string): readonly string[] {
  if (findMetaQuery(text) !== undefined) return [text];
  const { statements, rest } = splitStatements(text);
  return rest === '' ? statements : [...statements, rest];
}

async function answer(statement: string, { io, warehouse }: Services, options: SqlOptions): Promise<void> {
  const result = await warehouse.questions.ask(findMetaQuery(statement) ?? statement);
  // data is shown as it is stored: who asks for a value may compare it
  if (options.json) printExact(io, toJsonText(result.rows.map((row) => toRecord(result, row))));
  else if (options.csv) printCsv(io, result);
  else {
    printExact(io, renderTable(result.columns, result.rows.map(toTexts), terminalWidth(io)));
    printExact(io, `(${result.rows.length} ${result.rows.length === 1 ? 'row' : 'rows'})`);
  }
}

/** The connection string, for other programs; the embedded server runs as long as this does. */
async function keepOpen({ io, config, databaseUrl }: Services): Promise<number> {
  printExact(io, databaseUrl);
  if (config.databaseUrl !== undefined) return EXIT.done;
  printNote(io, 'The embedded Postgres runs until you press Ctrl-C. This user may do everything: take care.');
  // waiting for a signal alone keeps no process alive, nor does a server that is a process of its own
  while (!io.signal.aborted) await io.pause(DAY_MS, io.signal).catch(() => undefined);
  return EXIT.done;
}

async function answerAtPrompt(services: Services, options: SqlOptions): Promise<void> {
  const { io } = services;
  printNote(
    io,
    'Read-only SQL. End a statement with ";". \\d lists tables and views, \\d NAME its columns, \\q ends.',
  );
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: 'edgeledger=> ' });
  const close = (): void => lines.close();
  io.signal.addEventListener('abort', close, { once: true });
  lines.on('SIGINT', close);
  let typed = '';
  lines.prompt();
  for await (const line of lines) {
    if (/^\s*(\\q|quit|exit);?\s*$/.test(line)) break;
    typed = typed === '' ? line : `${typed}\n${line}`;
    const isMeta = typed.trim().startsWith('\\');
    const { statements, rest } = isMeta ? { statements: [typed], rest: '' } : splitStatements(typed);
    for (const statement of statements) await answerOrTell(statement, services, options);
    typed = rest;
    lines.setPrompt(rest === '' ? 'edgeledger=> ' : 'edgeledger-> ');
    lines.prompt();
  }
  lines.close();
}

async function answerOrTell(statement: string, services: Services, options: SqlOptions): Promise<void> {
  try {
    await answer(statement, services, options);
  } catch (error) {
    if (!(error instanceof EdgeledgerError)) throw error;
    printNote(services.io, error.message);
  }
}

function toTexts(row: readonly unknown[]): readonly unknown[] {
  return row.map((value) =>
    typeof value === 'object' && value !== null && !(value instanceof Date) ? JSON.stringify(value) : value,
  );
}

function toRecord({ columns }: ReaderAnswer, row: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((name, index) => [name, row[index]]));
}

/** RFC 4180; NULL is an empty field, an empty text is quoted. A terminal gets what moves its cursor as visible escapes. */
export function printCsv(io: Io, { columns, rows }: ReaderAnswer): void {
  const toField = (value: unknown): string => {
    if (value === null || value === undefined) return '';
    const text =
      value instanceof Date
        ? value.toISOString()
        : typeof value === 'object'
          ? JSON.stringify(value)
          : String(value);
    return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const isTerminal = io.stdout.isTTY === true;
  for (const row of [columns, ...rows]) {
    const record = row.map(toField).join(',');
    printExact(io, isTerminal ? toShownText(record, { keepLines: true }) : record);
  }
}
