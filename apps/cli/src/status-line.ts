import { Writable } from 'node:stream';
import { redactCredentials, toShownText } from '@edgeledger/core';

/** Where text goes; `columns` is undefined when it is no terminal. */
export interface TextOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** The last line of a terminal, redrawn in place, under lines that scroll by. Without a terminal: plain lines. */
export interface StatusLine {
  readonly isTerminal: boolean;
  readonly columns: number;
  /** Replaces the line; without a terminal it is printed. */
  show(line: string): void;
  /** Prints a line above it: redacted, and one line whatever it quotes. */
  print(line: string): void;
  /** The same of a text whose line breaks are ours. */
  printLines(text: string): void;
  /** Leaves the line where it is and starts a new one. */
  end(): void;
  /** For a logger whose lines must not run into the status line. */
  readonly stream: Writable;
}

export function createStatusLine(output: TextOutput): StatusLine {
  const isTerminal = output.isTTY === true;
  let shown = '';
  const above = (text: string): void => {
    if (shown === '') {
      output.write(text);
      return;
    }
    output.write(`\r\u001b[2K${text}${text.endsWith('\n') ? '' : '\n'}${shown}`);
  };
  return {
    isTerminal,
    get columns() {
      return isTerminal ? output.columns || 80 : 1_000;
    },
    show: (line) => {
      if (!isTerminal) {
        output.write(`${line}\n`);
        return;
      }
      output.write(shown === '' ? line : `\r\u001b[2K${line}`);
      shown = line;
    },
    print: (line) => above(`${toShownText(redactCredentials(line))}\n`),
    printLines: (text) => above(`${toShownText(redactCredentials(text), { keepLines: true })}\n`),
    end: () => {
      if (shown !== '') output.write('\n');
      shown = '';
    },
    stream: new Writable({
      decodeStrings: false,
      write: (chunk: string | Buffer, _encoding, done) => {
        above(chunk.toString());
        done();
      },
    }),
  };
}
