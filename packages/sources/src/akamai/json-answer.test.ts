import { expect, test } from 'vitest';
import { readJsonAnswer } from './json-answer.ts';

async function read(text: string) {
  async function* chunks() {
    yield Buffer.from(text);
  }
  const answer = await readJsonAnswer(chunks(), 'usage_20261119');
  const records = [];
  for await (const batch of answer.records) records.push(...batch);
  return { ...answer, records, summaries: answer.summaries() };
}

test('values that are deep or without end are refused before they overflow the stack as text', async () => {
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  for (const text of [
    `{"data":[],"summaryStatistics":{"hitsTotal":{"value":"1","details":${deep}}}}`,
    `{"data":[{"hits":${deep}}]}`,
    `{"metadata":{"start":${deep}},"data":[]}`,
    `{"data":[],"summaryStatistics":{"hitsTotal":{"value":"1","details":[${'{},'.repeat(1e6)}{}]}}}`,
  ]) {
    await expect(read(text)).rejects.toMatchObject({
      code: 'source.response-malformed',
      message: expect.stringMatching(/^usage_20261119: the JSON is not what we know/),
    });
  }
});

test('more columns or totals than any report has are refused before each is looked at', async () => {
  const many = (count: number, entry: string) => Array.from({ length: count }, () => entry).join(',');
  for (const [text, name] of [
    [`{"metadata":{"columns":[${many(401, '{}')}]},"data":[]}`, 'columns'],
    [`{"metadata":{"dimensions":[${many(401, '"a"')}]},"data":[]}`, 'dimensions'],
    [`{"metadata":{"metrics":[${many(401, '"a"')}]},"data":[]}`, 'metrics'],
    [
      `{"data":[],"summaryStatistics":{${Array.from({ length: 1_001 }, (_, no) => `"m${no}":[]`)}}}`,
      'summaryStatistics',
    ],
  ] as const) {
    await expect(read(text)).rejects.toThrow(new RegExp(`${name} of the answer has \\d+ entries, at most`));
  }
});

test('what every object has is no value of a row that has none by that name', async () => {
  const { columns, records } = await read(
    '{"metadata":{"dimensions":["constructor","a"]},"data":[{"a":1},{"__proto__":{"b":2}}]}',
  );
  expect(columns).toEqual(['constructor', 'a', '__proto__']);
  expect(records.map(({ fields }) => fields)).toEqual([
    ['', '1', ''],
    ['', '', '{"b":2}'],
  ]);
});
