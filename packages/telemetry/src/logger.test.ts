import { Writable } from 'node:stream';
import { ConfigError, type Logger, Secret, TransientError } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { createLogger, type LogFormat, type LogLevel } from './logger.ts';
import { formatLazily } from './pretty-line.ts';

function capture(level: LogLevel = 'info', format: LogFormat = 'json') {
  let text = '';
  const destination = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const logger: Logger = createLogger({ level, format, destination });
  return { logger, text: () => text, line: () => JSON.parse(text.trim()) as Record<string, unknown> };
}

const SIGNED = 'https://storage.example/r/part_000.csv.gz?X-Goog-Signature=deadbeef&X-Goog-Expires=600';

test('a JSON line has an ISO time, the level by name, the message and its fields', () => {
  const { logger, line } = capture();
  logger.info({ unit: 'default/imgix.cdn_logs/cdn_logs_20261120', rows: 12, took: 3n }, 'Loaded.');
  expect(line()).toEqual({
    time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/),
    level: 'info',
    message: 'Loaded.',
    unit: 'default/imgix.cdn_logs/cdn_logs_20261120',
    rows: 12,
    took: '3',
  });
});

test('lines below the level are not written', () => {
  const { logger, text } = capture('warn');
  logger.info({}, 'quiet');
  logger.debug({}, 'quiet');
  expect(text()).toBe('');
  logger.warn({}, 'loud');
  expect(text()).toContain('loud');
});

test('level silent writes nothing at all', () => {
  const { logger, text } = capture('silent');
  logger.error({}, 'quiet');
  expect(text()).toBe('');
});

test('a child adds its fields and a line may override them', () => {
  const { logger, text, line } = capture();
  logger.child({ source: 'imgix-default', job: 1 }).child({ job: 2 }).info({ job: 3 }, 'm');
  expect(line()).toMatchObject({ source: 'imgix-default', job: 3 });
  expect(text().match(/"job"/g)).toHaveLength(1);
});

test('a field cannot take the place of time, level or message', () => {
  const { logger, line } = capture();
  logger.info({ message: 'mine', level: 9 }, 'ours');
  expect(line()).toMatchObject({ message: 'ours', level: 'info', messageField: 'mine', levelField: 9 });
});

test.each([
  'apiKey',
  'api_key',
  'X-Api-Key',
  'clientSecret',
  'clientToken',
  'accessToken',
  'authorization',
  'Proxy-Authorization',
  'password',
  'DASHBOARD_PASSWORD',
  'cookie',
])('the value of a field named %s never prints', (name) => {
  for (const format of ['json', 'pretty'] as const) {
    const { logger, text } = capture('debug', format);
    logger.child({ [name]: 'hunter2' }).info({ nested: { list: [{ [name]: 'hunter2' }] } }, 'm');
    expect(text()).not.toContain('hunter2');
    expect(text()).toContain('[secret]');
  }
});

test.each(['keys', 'tokenExpiresAt', 'reportKey', 'edge_credits', 'passed'])(
  'the value of a field named %s prints',
  (name) => {
    const { logger, line } = capture();
    logger.info({ [name]: 'kept' }, 'm');
    expect(line()[name]).toBe('kept');
  },
);

test('a Secret never prints, wherever it is', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { logger, text } = capture('debug', format);
    const secret = new Secret('hunter2');
    logger.info({ secret, deep: new Map([['a', [secret]]]), text: `${secret}` }, `m ${secret}`);
    logger.error({ error: new Error('x', { cause: secret }) }, 'm');
    expect(text()).not.toContain('hunter2');
  }
});

test('signed links lose their query in messages, fields, errors and stacks', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { logger, text } = capture('debug', format);
    const error = new TransientError('source.truncated', `Reading ${SIGNED} ended early.`, {
      context: { url: SIGNED },
      cause: new Error(`fetch failed: ${SIGNED}`),
    });
    logger.warn({ url: new URL(SIGNED), link: SIGNED, error }, `Retrying (${SIGNED}).`);
    expect(text()).not.toMatch(/deadbeef|X-Goog|Expires/);
    expect(text()).toContain('https://storage.example/r/part_000.csv.gz');
    expect(text()).toContain('(https://storage.example/r/part_000.csv.gz).');
  }
});

test('a connection string loses its user and password', () => {
  const { logger, line } = capture();
  logger.info({ url: 'postgres://ed:hunter2@db.example:5432/edge?sslmode=require' }, 'm');
  expect(line().url).toBe('postgres://db.example:5432/edge');
});

test('credentials inside text are masked, prose and plain links are not touched', () => {
  const { logger, line } = capture();
  logger.info(
    {
      a: 'Authorization: Bearer ix1234567890abcdef',
      b: 'EG1-HMAC-SHA256 client_token=akab-1;access_token=akab-2;signature=abc=',
      c: '/part?Expires=1&Signature=deadbeef&x=1',
      d: 'Basic authentication is required, see https://docs.example/Reports',
    },
    'm',
  );
  expect(line()).toMatchObject({
    a: 'Authorization: Bearer [secret]',
    b: 'EG1-HMAC-SHA256 [secret]',
    c: '/part?Expires=1&Signature=[secret]&x=1',
    d: 'Basic authentication is required, see https://docs.example/Reports',
  });
});

test('a secret is masked in every text of a line, in whatever words it stands', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { logger, text } = capture('debug', format);
    new Secret('planted0log0key1');
    const error = new Error('the key planted0log0key1 is none', {
      cause: new Error(btoa('u:planted0log0key1')),
    });
    logger
      .child({ note: 'planted0log0key1' })
      .warn({ error, list: ['planted0log0key1'] }, 'planted0log0key1?');
    expect(text()).not.toMatch(/planted0|cGxhbnRlZ/);
  }
});

test('a link that is made to take long takes no time, and what is longer than a person reads is cut', () => {
  const host = `${'a-'.repeat(60_000)}a.example`;
  for (const format of ['json', 'pretty'] as const) {
    const { logger, text } = capture('info', format);
    const startedAt = performance.now();
    logger.warn({ error: new Error(`no ${host}`), url: `https://${host}/x?s=1`, parts: [host, host] }, host);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(text().length).toBeLessThan(25_000);
    expect(text()).toContain('(cut: 120009 characters)');
  }
});

test('an error is logged with code, message, context and its chain of causes, without stacks', () => {
  const { logger, text, line } = capture();
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  const cause = new AggregateError([refused], '');
  const error = new TransientError('source.unavailable', 'No answer.', { context: { attempt: 2 }, cause });
  logger.error({ error }, 'Failed.');
  expect(line().error).toEqual({
    name: 'TransientError',
    code: 'source.unavailable',
    message: 'No answer.',
    context: { attempt: 2 },
    cause: {
      name: 'AggregateError',
      message: 'AggregateError',
      errors: [{ name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:1' }],
    },
  });
  expect(text()).not.toContain('logger.test.ts');
});

test('at level debug an error is logged with its stack', () => {
  const json = capture('debug');
  json.logger.error({ error: new Error('boom') }, 'Failed.');
  expect(json.line().error).toMatchObject({ stack: expect.stringContaining('logger.test.ts') });
  const pretty = capture('debug', 'pretty');
  pretty.logger.error({ error: new Error('boom') }, 'Failed.');
  expect(pretty.text()).toMatch(/boom\n(.*\n)*.*logger\.test\.ts/);
});

test('errors that cause each other end', () => {
  const { logger, line } = capture();
  const first = new Error('first');
  const second = new Error('second', { cause: first });
  first.cause = second;
  logger.error({ error: first }, 'm');
  expect(line().error).toEqual({
    name: 'Error',
    message: 'first',
    cause: { name: 'Error', message: 'second', cause: '[circular]' },
  });
});

test('values that JSON cannot hold are written all the same', () => {
  const { logger, line } = capture();
  const loop: Record<string, unknown> = { nan: Number.NaN, bytes: new Uint8Array(5), set: new Set([1]) };
  loop.self = loop;
  logger.info({ loop, day: new Date(0), bad: new Date('x'), call: () => 1, none: undefined }, 'm');
  expect(line()).toMatchObject({
    loop: { nan: 'NaN', bytes: '[5 bytes]', set: [1], self: '[circular]' },
    day: '1970-01-01T00:00:00.000Z',
    bad: 'invalid date',
  });
  expect(line()).not.toHaveProperty('call');
});

test('a pretty line is one line with time, level, message, fields and the error chain', () => {
  const { logger, text } = capture('info', 'pretty');
  const error = new ConfigError('config.invalid', 'PORT: "x" is no port.', { cause: new Error('why') });
  logger.warn({ source: 'imgix-default', note: 'two words', error }, 'Stopped.');
  expect(text()).toMatch(
    /^\[?\d\d:\d\d:\d\dZ\]? WARN: Stopped\. {2}source=imgix-default {2}note="two words" {2}error=config\.invalid: PORT: "x" is no port\. <- Error: why\n$/,
  );
});

test('control characters from outside do not reach the terminal, in either format', () => {
  const hostile = 'a\u001b[31mb\u009b\u202e\u2028\u0007';
  for (const format of ['json', 'pretty'] as const) {
    const { logger, text } = capture('debug', format);
    logger.info({ header: hostile, error: new Error(hostile) }, hostile);
    expect(text()).toMatch(/^[\x20-\x7e\n]+$/);
  }
  const { logger, line } = capture();
  logger.info({ header: hostile }, 'm');
  expect(line().header).toBe(hostile);
});

test('nothing that others say begins a line of a pretty log', () => {
  const forged = 'first\n12:00:00Z INFO: forged';
  const { logger, text } = capture('debug', 'pretty');
  logger.warn({ note: forged, error: new Error(forged, { cause: new Error(forged) }) }, forged);
  expect(text()).toContain('logger.test.ts');
  expect(text()).not.toMatch(/^\[?12:00:00Z/m);
  for (const line of text().trimEnd().split('\n').slice(1)) expect(line).toMatch(/^ {4}/);
});

test('a line is told as JSON while the pretty formatter cannot be made, and prettily after that', () => {
  let failures = 1;
  const format = formatLazily(() => {
    if (failures-- > 0) throw new Error('EMFILE');
    return (line) => `pretty ${line}`;
  });
  expect([format('{"a":1}'), format('{"a":2}')]).toEqual(['{"a":1}', 'pretty {"a":2}']);
});
