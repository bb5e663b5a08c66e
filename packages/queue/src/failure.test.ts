import {
  ConfigError,
  ContractError,
  type EdgeledgerError,
  ERROR_CODES,
  type ErrorClass,
  InvariantError,
  ShutdownError,
  ThrottledError,
  TransientError,
} from '@edgeledger/core';
import { expect, test } from 'vitest';
import {
  decideFailure,
  FAILURE_ACTIONS,
  fromFailedReason,
  toFailedPartId,
  toFailedReason,
} from './failure.ts';

const running = new AbortController().signal;
const one: Record<ErrorClass, EdgeledgerError> = {
  TransientError: new TransientError('source.unavailable', 'Reading: 503. Try again.'),
  ThrottledError: new ThrottledError('429. Wait.', 1500),
  ConfigError: new ConfigError('source.auth-rejected', 'Bad key. Set it.'),
  ContractError: new ContractError('file.malformed', 'No header. Look.'),
  InvariantError: new InvariantError('Two and two is five.'),
};

test('the table knows every error class there is', () => {
  expect(Object.keys(FAILURE_ACTIONS).sort()).toEqual(Object.keys(ERROR_CODES).sort());
});

test.each([
  ['TransientError', 'retry'],
  ['ThrottledError', 'delay'],
  ['ConfigError', 'fail'],
  ['ContractError', 'fail'],
  ['InvariantError', 'fail'],
] as const)('%s means %s', (name, action) => {
  expect(FAILURE_ACTIONS[name]).toBe(action);
  expect(decideFailure(one[name], running)).toMatchObject({ kind: action, error: one[name] });
});

test('a throttled job is delayed by what the vendor said, never by less than nothing', () => {
  expect(decideFailure(one.ThrottledError, running)).toMatchObject({ delayMs: 1500 });
  expect(decideFailure(new ThrottledError('429', -5), running)).toMatchObject({ delayMs: 0 });
});

test('what nobody knows is our bug and is not retried', () => {
  expect(decideFailure('text', running)).toMatchObject({
    kind: 'fail',
    error: { code: 'internal.invariant' },
  });
});

test('after an abort its reason decides, not the words of the interrupted driver', () => {
  const echo = new Error('Query read timeout');
  expect(decideFailure(echo, AbortSignal.abort(new ShutdownError()))).toEqual({ kind: 'requeue' });
  expect(decideFailure(echo, AbortSignal.abort(one.TransientError))).toMatchObject({ kind: 'retry' });
});

test('the reason kept on the job has code and message', () => {
  expect(toFailedReason(one.ConfigError)).toBe('source.auth-rejected: Bad key. Set it.');
});

test('the error can be read back from the reason, an unknown one as our bug', () => {
  for (const error of [
    new TransientError('source.truncated', 'cut: at byte 7'),
    new ConfigError('source.auth-rejected', 'wrong key'),
    new ContractError('file.column-missing', 'no url\nin the header'),
  ]) {
    const restored = fromFailedReason(toFailedReason(error));
    expect([restored.name, restored.code, restored.message]).toEqual([error.name, error.code, error.message]);
  }
  expect(fromFailedReason('job stalled more than allowable limit')).toBeInstanceOf(InvariantError);
});

test('a report that failed names the part because of which it did', () => {
  expect(toFailedPartId('child bull:imgix:stage.part~acme~7~2 failed')).toBe('stage.part~acme~7~2');
  expect(toFailedPartId('child {edge}:imgix:a%3Ab failed')).toBe('a%3Ab');
  expect(toFailedPartId('source.truncated: the child of a: b')).toBeUndefined();
  expect(fromFailedReason('child bull:imgix:1 failed').code).toBe('load.staging-lost');
});
