import { Secret, systemClock } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { type Io, printExact, printJson, printLine } from './io.ts';
import { createStatusLine } from './status-line.ts';
import { createPaint } from './style.ts';
import { renderTable } from './text-table.ts';

const HOSTILE = 'x\u001b]0;title\u0007\u009b31m\u202e\r';

function capture() {
  let written = '';
  const output = {
    isTTY: true,
    write: (text: string) => {
      written += text;
    },
  };
  const io: Io = {
    stdout: output,
    status: createStatusLine(output),
    clock: systemClock,
    signal: new AbortController().signal,
    pause: async () => undefined,
  };
  return { io, written: () => written };
}

test('a result moves no cursor, and keeps its own lines and colours', () => {
  const { io, written } = capture();
  const paint = createPaint(io, true);
  printLine(io, `${paint('a', 'red')}\nb${HOSTILE}`);
  expect(written()).toBe('\u001b[31ma\u001b[0m\nbx\\u{1b}]0;title\\u{7}\\u{9b}31m\\u{202e}\\r\n');
});

test('a cell of a table is one line that shows what is in it', () => {
  expect(renderTable(['a'], [[`${HOSTILE}\n12:00:00Z INFO: forged`]])).toMatch(
    /\nx\\u\{1b\}\]0;title\\u\{7\}\\u\{9b\}31m\\u\{202e\}\\r\\n12:00:00Z INFO: forged$/,
  );
});

test('JSON moves no cursor either, and says what there was', () => {
  const { io, written } = capture();
  printJson(io, { message: `${HOSTILE}\n`, rows: 12n });
  expect(written()).toMatch(/^[\x20-\x7e\n]+$/);
  expect(JSON.parse(written())).toEqual({ message: `${HOSTILE}\n`, rows: 12 });
});

test('a note is one line, whoever it quotes, and a text of ours keeps its lines', () => {
  const { io, written } = capture();
  io.status.print(`failed   ${HOSTILE}\n12:00:00Z INFO: forged`);
  io.status.printLines('2 problems:\n  - a\u001b[2J');
  expect(written()).toBe(
    'failed   x\\u{1b}]0;title\\u{7}\\u{9b}31m\\u{202e}\\r\\n12:00:00Z INFO: forged\n2 problems:\n  - a\\u{1b}[2J\n',
  );
});

test('no secret is printed but where somebody asked for it', () => {
  const { io, written } = capture();
  new Secret('postgres://ed:planted0word@db.example/edge');
  printLine(io, 'The password planted0word is wrong.');
  printJson(io, { message: 'planted0word' });
  io.status.print('planted0word and token=5ad0f1e2');
  expect(written()).not.toMatch(/planted0word|5ad0f1e2/);
  printExact(io, 'postgres://ed:planted0word@db.example/edge');
  expect(written()).toContain('planted0word');
});
