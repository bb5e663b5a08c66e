import { type LogFields, silentLogger } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { createErrorLog } from './error-log.ts';

test('an error that comes again and again is told once in a while, with how often it came', () => {
  const told: LogFields[] = [];
  const logger = { ...silentLogger, warn: (fields: LogFields) => void told.push(fields) };
  let nowMs = 0;
  const tell = createErrorLog({ logger, message: 'worker error', fields: { queue: 'q' } }, () => nowMs);
  for (; nowMs < 10_000; nowMs += 10) tell(new Error('refused'));
  expect(told).toEqual([{ queue: 'q', error: 'refused' }]);
  tell(new Error('another'));
  tell(new Error('refused'));
  expect(told.slice(1)).toEqual([
    { queue: 'q', error: 'another' },
    { queue: 'q', error: 'refused', repeated: 999 },
  ]);
});
