import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CREDIT_COLUMNS, LOG_COLUMNS, openLoading } from './loading.ts';
import { CREDITS, LOGS, publishRequest, stageAll } from './sample-reports.ts';

const loading = await openLoading();
const { warehouse, unit, load, rowsOf, stagingTables } = loading;
beforeEach(loading.startTest);
afterAll(loading.close);

describe('two loads of one unit', () => {
  it('end with the later one, also when the earlier one publishes last', async () => {
    const target = unit(LOGS);
    const earlier = await stageAll(await warehouse.loader.begin(target, LOGS), [
      { columns: LOG_COLUMNS, rows: [['/old', '1']] },
    ]);
    const later = await stageAll(await warehouse.loader.begin(target, LOGS), [
      { columns: LOG_COLUMNS, rows: [['/new', '1']] },
    ]);
    await later.publish(publishRequest());
    await expect(earlier.publish(publishRequest())).rejects.toMatchObject({ code: 'load.superseded' });
    expect((await rowsOf(target)).map((row) => row.url)).toEqual(['/new']);
    expect((await warehouse.questions.unit(target))?.loads.map((one) => one.outcome)).toEqual([
      'published',
      'superseded',
    ]);
    expect(await stagingTables()).toBe(0);
  });

  it('end with the later one when it found nothing changed', async () => {
    const target = unit(LOGS);
    const current = [{ columns: LOG_COLUMNS, rows: [['/current', '1']] }];
    await load(target, LOGS, current);
    const stale = await stageAll(await warehouse.loader.begin(target, LOGS), [
      { columns: LOG_COLUMNS, rows: [['/stale', '1']] },
    ]);
    expect((await load(target, LOGS, current)).outcome).toBe('unchanged');
    await expect(stale.publish(publishRequest())).rejects.toMatchObject({ code: 'load.superseded' });
    expect((await rowsOf(target)).map((row) => row.url)).toEqual(['/current']);
  });

  it('publish at the same moment without a mixture', async () => {
    const target = unit(CREDITS);
    const loads = [];
    for (const value of ['1', '2', '3', '4']) {
      const rows = ['a', 'b', 'c'].map((source) => [source, value, value]);
      loads.push(
        await stageAll(await warehouse.loader.begin(target, CREDITS), [{ columns: CREDIT_COLUMNS, rows }]),
      );
    }
    await Promise.allSettled(loads.map((one) => one.publish(publishRequest())));
    expect((await rowsOf(target)).map((row) => row.total_credits)).toEqual(['4', '4', '4']);
  });

  it('give the same answer when one is published twice', async () => {
    const target = unit(LOGS);
    const begun = await stageAll(await warehouse.loader.begin(target, LOGS), [
      { columns: LOG_COLUMNS, rows: [['/a', '1']] },
    ]);
    const first = await begun.publish(publishRequest());
    const again = await (await warehouse.loader.resume(begun.loadId, LOGS)).publish(publishRequest());
    expect(again).toEqual(first);
  });
});
