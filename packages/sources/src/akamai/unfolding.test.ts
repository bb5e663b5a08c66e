import { expect, test } from 'vitest';
import { createUnfolding } from './unfolding.ts';

const unit = {
  account: 'default',
  dataset: 'akamai.api_usage_details',
  reportKey: 'apiusagedetails-by-time_default_20261120',
};
const windowAt = (second: number) => ({
  start: new Date(second * 1000),
  end: new Date((second + 1) * 1000),
  objectId: '',
  isInner: true,
});

test('a reading may unfold a bounded number of windows, each as often as it is asked', () => {
  const unfolding = createUnfolding();
  for (let second = 0; second < 600; second += 1)
    expect(unfolding.mayUnfold(unit, windowAt(second))).toBe(true);
  expect(unfolding.mayUnfold(unit, windowAt(0))).toBe(true);
  expect(unfolding.mayUnfold(unit, windowAt(600))).toBe(false);
  unfolding.forget(unit);
  expect(unfolding.mayUnfold(unit, windowAt(600))).toBe(true);
});
