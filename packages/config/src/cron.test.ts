import { expect, test } from 'vitest';
import { checkCron } from './cron.ts';

test.each(['5 4 * * *', '*/15 0-6 1,15 jan-mar mon', '0 0 31 12 7', '  5   4 * * *  ', '0/5 * * * *'])(
  'the pattern %j is accepted',
  (pattern) => {
    expect(checkCron(pattern).ok).toBe(true);
  },
);

test.each([
  '',
  '5 4 * *',
  '60 4 * * *',
  '5 4 0 * *',
  '5 4 * 13 *',
  '5 4 * * 8',
  '5-1 * * * *',
  '*/0 * * * *',
  'a b c d e',
  '1,,2 * * * *',
  '@daily',
  '1-2-3 * * * *',
])('the pattern %j is refused', (pattern) => {
  expect(checkCron(pattern).ok).toBe(false);
});
