import { expect, test } from 'vitest';
import { InvariantError, TransientError, toEdgeledgerError } from './errors.ts';

test.each([
  ['a session that was ended', Object.assign(new Error('terminating connection'), { code: '57P01' })],
  ['a connection that broke', new Error('Connection terminated unexpectedly')],
  ['a socket that was reset', Object.assign(new Error('write ECONNRESET'), { code: 'ECONNRESET' })],
  ['a server that may only be read', Object.assign(new Error('read-only'), { code: '25006' })],
])('%s is an outage, also where nobody told what it means', (_what, error) => {
  expect(toEdgeledgerError(error)).toBeInstanceOf(TransientError);
});

test('what nobody knows is a mistake of ours', () => {
  expect(toEdgeledgerError(Object.assign(new Error('syntax'), { code: '42601' }))).toBeInstanceOf(
    InvariantError,
  );
});
