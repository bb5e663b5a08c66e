import { createManualClock } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { createAttempts } from './attempts.ts';

const START = new Date('2026-11-21T10:00:00Z');

test('an address has ten failures in five minutes, whoever it claims to be', () => {
  const clock = createManualClock(START);
  const attempts = createAttempts(clock);
  for (let failure = 0; failure < 10; failure += 1) {
    expect(attempts.secondsToWait({ address: 'a', user: `u${failure}` })).toBe(0);
    attempts.recordFailure({ address: 'a', user: `u${failure}` });
    clock.advance(1_000);
  }
  expect(attempts.secondsToWait({ address: 'a', user: 'ed' })).toBe(290);
  expect(attempts.secondsToWait({ address: 'b', user: 'ed' })).toBe(0);
  clock.advance(290_000);
  expect(attempts.secondsToWait({ address: 'a', user: 'ed' })).toBe(0);
});

test('a user has thirty from wherever, but who came in from an address before is not locked out there', () => {
  const attempts = createAttempts(createManualClock(START));
  attempts.recordSuccess({ address: 'home', user: 'ed' });
  for (let failure = 0; failure < 30; failure += 1) {
    attempts.recordFailure({ address: `bot ${failure}`, user: 'ed' });
  }
  expect(attempts.secondsToWait({ address: 'new', user: 'ed' })).toBe(300);
  expect(attempts.secondsToWait({ address: 'home', user: 'ed' })).toBe(0);
  expect(attempts.secondsToWait({ address: 'new', user: 'vi' })).toBe(0);
});

test('a success forgives the failures of its user there', () => {
  const attempts = createAttempts(createManualClock(START));
  for (let failure = 0; failure < 9; failure += 1) attempts.recordFailure({ address: 'a', user: 'ed' });
  attempts.recordSuccess({ address: 'a', user: 'ed' });
  for (let failure = 0; failure < 9; failure += 1) attempts.recordFailure({ address: 'a', user: 'ed' });
  expect(attempts.secondsToWait({ address: 'a', user: 'ed' })).toBe(0);
});

test('a viewer who logs in now and then cannot go on guessing as somebody else', () => {
  const attempts = createAttempts(createManualClock(START));
  // behind a proxy everybody has the address of everybody
  attempts.recordSuccess({ address: 'proxy', user: 'ed' });
  let guesses = 0;
  while (guesses < 100 && attempts.secondsToWait({ address: 'proxy', user: 'ed' }) === 0) {
    attempts.recordFailure({ address: 'proxy', user: 'ed' });
    attempts.recordSuccess({ address: 'proxy', user: 'vi' });
    guesses += 1;
  }
  expect(guesses).toBe(10);
});

test('names and addresses without end do not fill the memory: the oldest are forgotten', () => {
  const attempts = createAttempts(createManualClock(START));
  for (let failure = 0; failure < 10; failure += 1) attempts.recordFailure({ address: 'first', user: 'x' });
  expect(attempts.secondsToWait({ address: 'first', user: 'y' })).toBeGreaterThan(0);
  for (let other = 0; other < 10_000; other += 1)
    attempts.recordFailure({ address: `a${other}`, user: `u${other}` });
  expect(attempts.secondsToWait({ address: 'first', user: 'y' })).toBe(0);
});
