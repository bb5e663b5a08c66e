import { expect, test } from 'vitest';
import { SETTINGS } from './index.ts';
import { toProgramEnvironment } from './program-environment.ts';

test('a program is told where programs are, the language and the time zone, and no setting of ours', () => {
  const ours = Object.fromEntries(SETTINGS.map(({ name }) => [name, 'planted']));
  const theirs = { PATH: '/usr/bin', LANG: 'de_DE.UTF-8', TZ: 'Asia/Tokyo', SystemRoot: 'C:\\Windows' };
  const others = { AWS_SECRET_ACCESS_KEY: 'planted', PGPASSWORD: 'planted', OLDPWD: '/' };
  expect(toProgramEnvironment({ ...ours, ...others, ...theirs })).toEqual(theirs);
});
