import { type Dataset, TransientError } from '@edgeledger/core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { ColumnMapping } from '../src/index.ts';
import { openLoading } from './loading.ts';
import { CREDITS, LOGS, NOW, type PartSpec, publishRequest, stageAll } from './sample-reports.ts';
import { tuplesOf } from './tuples.ts';

const loading = await openLoading();
const { warehouse, unit, load, rowsOf, stagingTables } = loading;
beforeEach(loading.startTest);
afterAll(loading.close);

const ERRORS: Dataset = { ...LOGS, name: 'imgix.mild_errors', report: 'mild_errors', strategy: 'replace' };
const withColumn = (dataset: Dataset, type: 'text' | 'bigint', name = 'place'): Dataset => ({
  ...dataset,
  columns: [{ name, type }],
});

/** What `schema apply` does in another process, between staging and publishing. */
const CHANGES: readonly (readonly [string, (dataset: Dataset) => ColumnMapping])[] = [
  [
    'renamed',
    (of) => ({ dataset: withColumn(of, 'text'), column: 'place', otherNames: ['pop'], drop: false }),
  ],
  [
    'converted',
    (of) => ({ dataset: withColumn(of, 'bigint', 'pop'), column: 'pop', otherNames: [], drop: false }),
  ],
  ['dropped', (of) => ({ dataset: of, column: 'pop', otherNames: [], drop: true })],
];

/** What a test brought, for the next one. */
const dropBrought = async (dataset: Dataset): Promise<void> => {
  await warehouse.mapping.apply(
    ['pop', 'place'].map((column) => ({ dataset, column, otherNames: [], drop: true })),
    { force: false },
  );
};

const reportOf = (dataset: Dataset, pop: string): readonly PartSpec[] => [
  {
    columns: [dataset === CREDITS ? ['source_id', 'text'] : ['url', 'text'], ['pop', 'text', true]],
    rows: [['a', pop]],
  },
];

describe.each([
  ['replace', ERRORS],
  ['upsert', CREDITS],
  ['partition', LOGS],
] as const)('a load by %s, under which a column of its table is', (_strategy, dataset) => {
  it.each(CHANGES)(
    '%s, loses nothing: it is published as it was read, or loaded anew',
    async (how, change) => {
      const target = unit(dataset);
      await load(target, dataset, reportOf(dataset, '1'));
      const under = await stageAll(await warehouse.loader.begin(target, dataset), reportOf(dataset, '2'));
      expect(await warehouse.mapping.apply([change(dataset)], { force: false })).toMatchObject([
        { isApplied: true },
      ]);
      const before = await rowsOf(target);
      if (how === 'converted') await under.publish(publishRequest());
      else {
        await expect(under.publish(publishRequest())).rejects.toMatchObject({ code: 'load.staging-lost' });
        expect(await rowsOf(target)).toEqual(before);
        await under.fail(new TransientError('load.staging-lost', 'It is loaded anew.'), NOW);
      }
      // by a process that does not know of the change yet
      await load(target, dataset, reportOf(dataset, '2'));
      expect(await rowsOf(target)).toMatchObject([{ pop: '2' }]);
      expect(await stagingTables()).toBe(0);
      await dropBrought(dataset);
    },
  );

  it.each(CHANGES)(
    '%s and then comes back, has its values again when the report is read again',
    async (_how, change) => {
      const target = unit(dataset);
      await load(target, dataset, reportOf(dataset, '1'));
      await warehouse.mapping.apply([change(dataset)], { force: false });
      await load(target, dataset, reportOf(dataset, '1'));
      expect(await rowsOf(target)).toMatchObject([{ pop: '1' }]);
      expect(await load(target, dataset, reportOf(dataset, '1'))).toMatchObject({ outcome: 'unchanged' });
      await dropBrought(dataset);
    },
  );

  it('asked to be converted, and refuses, is as it was', async () => {
    const target = unit(dataset);
    await load(target, dataset, reportOf(dataset, 'none'));
    const [, converted] = CHANGES;
    expect(
      await warehouse.mapping.apply(converted === undefined ? [] : [converted[1](dataset)], { force: false }),
    ).toMatchObject([{ isApplied: false, refusedValues: 1 }]);
    expect(await load(target, dataset, reportOf(dataset, 'none'))).toMatchObject({ outcome: 'unchanged' });
    await dropBrought(dataset);
  });
});

it('a partition that was filled before a column was dropped is not attached', async () => {
  const target = unit(LOGS);
  await load(target, LOGS, reportOf(LOGS, '1'));
  const under = await warehouse.loader.begin(target, LOGS);
  await under.stagePart(0, 'a', tuplesOf([['/a', 1]]));
  await dropBrought(LOGS);
  await expect(under.publish(publishRequest())).rejects.toMatchObject({
    code: 'load.staging-lost',
    message: expect.stringMatching(
      /columns of its table were changed meanwhile \(.*pop.*\)\. Nothing was published/,
    ),
  });
});

it('a part that is the same as before a column was changed is staged all the same', async () => {
  const target = unit(LOGS);
  await load(target, LOGS, reportOf(LOGS, '1'));
  const first = await warehouse.loader.begin(target, LOGS);
  await first.stagePart(0, 'a', tuplesOf([['/a', 1]]));
  await first.publish(publishRequest());
  const again = await warehouse.loader.begin(target, LOGS);
  expect(await again.findVisiblePart(0)).toBeDefined();
  await dropBrought(LOGS);
  expect(await again.findVisiblePart(0)).toBeUndefined();
});
