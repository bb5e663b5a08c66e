import { systemClock } from '@edgeledger/core';
import { expect, test } from 'vitest';
import type { Io } from '../io.ts';
import { createStatusLine } from '../status-line.ts';
import { printCsv } from './sql.ts';

function csvOf(value: string, isTTY: boolean): string {
  let written = '';
  const stdout = {
    isTTY,
    write: (text: string) => {
      written += text;
    },
  };
  const io: Io = {
    stdout,
    status: createStatusLine(stdout),
    clock: systemClock,
    signal: new AbortController().signal,
    pause: async () => undefined,
  };
  printCsv(io, { columns: ['url'], rows: [[value]] });
  return written;
}

test('CSV is exact in a file, and moves no cursor of a terminal', () => {
  const url = '/a\u001b[2J\u009b31m\u202e';
  expect(csvOf(url, false)).toBe(`url\n${url}\n`);
  expect(csvOf(url, true)).toBe('url\n/a\\u{1b}[2J\\u{9b}31m\\u{202e}\n');
  expect(csvOf('a\nb', true)).toBe('url\n"a\nb"\n');
});
