import { execFileSync, spawnSync } from 'node:child_process';
import { systemClock } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { SHELLS } from './completion.ts';
import type { Io } from './io.ts';
import { runProgram } from './program.ts';
import { createStatusLine } from './status-line.ts';

async function print(...args: string[]): Promise<string> {
  let printed = '';
  const io: Io = {
    stdout: {
      write: (text) => {
        printed += text;
      },
    },
    status: createStatusLine({ write: () => undefined }),
    clock: systemClock,
    signal: new AbortController().signal,
    pause: async () => undefined,
  };
  expect(await runProgram(args, io)).toBe(0);
  return printed;
}

/** What bash offers at the end of the line. */
function complete(script: string, line: string): string[] {
  const words = line.split(' ');
  const ask = `${script}\nCOMP_WORDS=(${words.map((word) => `"${word}"`).join(' ')}); COMP_CWORD=${words.length - 1}; _edgeledger; echo "\${COMPREPLY[*]}"`;
  return execFileSync('bash', ['-c', ask], { encoding: 'utf8' }).trim().split(' ');
}

test('bash completes commands, options and sub-commands', async () => {
  const script = await print('completion', 'bash');
  expect(complete(script, 'edgeledger re')).toEqual(['replay', 'rejects']);
  expect(complete(script, 'edgeledger run --da')).toEqual(['--dataset']);
  expect(complete(script, 'edgeledger schema ap')).toEqual(['apply']);
  expect(complete(script, 'edgeledger completion z')).toEqual(['zsh']);
  expect(complete(script, 'edgeledger st')).toEqual(['status']);
});

test('every command is in every script', async () => {
  const commands = (await print('--help')).matchAll(/^ {2}([a-z]+)(?: \[| |$)/gm);
  const names = [...commands].map(([, name = '']) => name).filter((name) => name !== 'help');
  expect(names.length).toBeGreaterThan(12);
  for (const shell of SHELLS) {
    const script = await print('completion', shell);
    expect(names.filter((name) => !script.includes(name))).toEqual([]);
  }
});

test.each([...SHELLS])('%s can read its script', async (shell) => {
  const script = await print('completion', shell);
  const checked = spawnSync(shell, [shell === 'fish' ? '--no-execute' : '-n'], {
    input: script,
    encoding: 'utf8',
  });
  // a shell that is not installed cannot judge
  if (checked.error === undefined)
    expect({ status: checked.status, said: checked.stderr }).toEqual({ status: 0, said: '' });
});
