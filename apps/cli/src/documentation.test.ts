import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { systemClock } from '@edgeledger/core';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Io } from './io.ts';
import { buildProgram, runProgram } from './program.ts';
import { splitStatements } from './sql-statements.ts';
import { createStatusLine } from './status-line.ts';

/* What the pages say can be typed and followed: commands parse, links resolve, quoted code is in the file it is from. */

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PAGES = globSync(
  ['*.md', 'docs/**/*.md', 'dbt/*.md', 'migrations/*.md', '{apps,packages}/*/README.md', 'bench/README.md'],
  { cwd: ROOT },
);
const readRoot = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

function createIo(print: (text: string) => void): Io {
  return {
    stdout: { write: print },
    status: createStatusLine({ write: print }),
    clock: systemClock,
    signal: new AbortController().signal,
    pause: async () => undefined,
  };
}

/** The program with every command's work taken out, so that only its parsing is left. */
function buildIdleProgram(): Command {
  const idle = (command: Command): Command => {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    command.action(() => undefined);
    for (const sub of command.commands) idle(sub);
    return command;
  };
  return idle(
    buildProgram(
      createIo(() => undefined),
      () => undefined,
    ),
  );
}

/** `edgeledger …` and `pnpm demo …` in shell blocks, and `edgeledger …` in running text. */
function findCommands(page: string): string[] {
  const text = readRoot(page);
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.matchAll(/`(edgeledger [^`\n]+)`/g)].map(([, command = '']) => command);
  return [...blocks, ...inline].flatMap((line) => findCommand(line) ?? []);
}

/** The arguments of the command in a line of shell, without what comes before and after it. */
function findCommand(line: string): string | undefined {
  const found =
    /(?:^|[\s(])(?:npx --yes pnpm@12 |pnpm )(?:edgeledger|(?=demo)) ?(.*)$/.exec(line) ??
    // not where it is an argument: the name of a database, of a secret
    /(?:^|[$|;&]|<\(|[A-Z_]+=\S*)\s*edgeledger(?: (.*))?$/.exec(line);
  if (found === null || /alias |complete -/.test(line)) return undefined;
  return found[1] ?? '';
}

/** Words as a shell takes them apart; ends at a comment, a pipe, a redirection or a closing parenthesis. */
function toWords(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/"[^"]*"|'[^']*'|[^\s"']+/g)) {
    if (/^[#|<>&;]/.test(word)) break;
    words.push(word.replaceAll(/^["']|["')]$/g, ''));
  }
  return words;
}

async function findProblem(command: string): Promise<string | undefined> {
  try {
    await buildIdleProgram().parseAsync(toWords(command), { from: 'user' });
    return undefined;
  } catch (error) {
    return `edgeledger ${command}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

test('every command on a page parses', async () => {
  const commands = [...new Set(PAGES.flatMap(findCommands))].filter((command) => !/[…]|<\w+>/.test(command));
  expect(commands.length).toBeGreaterThan(30);
  const problems = await Promise.all(commands.map(findProblem));
  expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
});

test('a command that is none, or an option that is none, would be noticed', async () => {
  expect(findCommand('npx --yes pnpm@12 edgeledger plan --fast   # quick')).toBe('plan --fast   # quick');
  expect(findCommand('source <(edgeledger completion bash)')).toBe('completion bash)');
  expect(toWords(`sql "SELECT 1" --csv | head`)).toEqual(['sql', 'SELECT 1', '--csv']);
  expect(await findProblem('plan --fast')).toContain("unknown option '--fast'");
  expect(await findProblem('plam')).toContain('edgeledger plam');
  expect(await findProblem('completion tcsh')).toContain('tcsh');
});

/** Every command, sub-commands too, by the words that call it. */
function listCommands(command: Command, words: readonly string[] = []): (readonly string[])[] {
  return command.commands.flatMap((sub) => {
    const own = [...words, sub.name()];
    return [own, ...listCommands(sub, own)];
  });
}

test('every command has help with examples, and the examples parse', async () => {
  const commands = listCommands(buildIdleProgram());
  expect(commands.length).toBeGreaterThan(15);
  for (const words of commands) {
    let help = '';
    const io = createIo((text) => {
      help += text;
    });
    expect(await runProgram([...words, '--help'], io)).toBe(0);
    const examples =
      help
        .split(/Examples?:\n/)[1]
        ?.split('\n')
        .flatMap((line) => findCommand(line) ?? []) ?? [];
    expect(examples.length, words.join(' ')).toBeGreaterThan(0);
    for (const example of examples) expect(await findProblem(example)).toBeUndefined();
  }
});

/** GitHub's anchors of headings. */
function toAnchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function findDeadLinks(page: string, text: string): string[] {
  const prose = text.replaceAll(/```.*?```/gs, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(join(ROOT, file))) return [`${page}: ${target}`];
    const isThere = anchor === undefined || toAnchors(readRoot(file)).includes(anchor);
    return isThere ? [] : [`${page}: ${target}`];
  });
}

test('every link between the pages resolves, headings included', () => {
  expect(PAGES.length).toBeGreaterThan(25);
  expect(PAGES.flatMap((page) => findDeadLinks(page, readRoot(page)))).toEqual([]);
  expect(findDeadLinks('README.md', '[a](docs/none.md) [b](docs/imgix.md#none)')).toHaveLength(2);
});

test('every page can be reached from the index', () => {
  const index = readRoot('docs/README.md');
  const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  expect(pages.filter((page) => !index.includes(`(${page.slice('docs/'.length)})`))).toEqual([]);
});

test('code that a page quotes is in the file that it names', () => {
  const quotes = PAGES.flatMap((page) => [
    ...readRoot(page).matchAll(/<!-- from (\S+) -->\n```\w+\n(.*?)\n```/gs),
  ]);
  expect(quotes.length).toBeGreaterThan(3);
  for (const [, file = '', code = ''] of quotes) expect(readRoot(file), file).toContain(code);
});

test('SQL on the pages is whole statements', () => {
  const blocks = PAGES.flatMap((page) => [...readRoot(page).matchAll(/```sql\n(.*?)```/gs)]);
  expect(blocks.length).toBeGreaterThan(20);
  for (const [, sql = ''] of blocks) {
    const { statements, rest } = splitStatements(sql);
    expect(statements.length + (rest === '' ? 0 : 1)).toBeGreaterThan(0);
  }
});
