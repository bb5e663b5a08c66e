import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isSecretSetting, renderEnvExample, renderSettingsTable, SETTINGS } from './settings.ts';

const rootFile = (name: string) => new URL(`../../../${name}`, import.meta.url);
const START = '<!-- settings:start -->';
const END = '<!-- settings:end -->';

function findBlock(text: string): string | undefined {
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  return from === -1 || to === -1 ? undefined : text.slice(from + START.length, to).trim();
}

test('.env.example is what the settings render', () => {
  expect(readFileSync(rootFile('.env.example'), 'utf8')).toBe(renderEnvExample());
});

test('the configuration page has the table that the settings render', () => {
  const page = readFileSync(rootFile('docs/operating/configure.md'), 'utf8');
  expect(findBlock(page)).toBe(renderSettingsTable().trim());
});

test('a stale table would be noticed', () => {
  expect(findBlock(`a ${START}\nold table\n${END} b`)).toBe('old table');
  expect(findBlock('no marks')).toBeUndefined();
});

test('each setting is named once and has a row', () => {
  const names = SETTINGS.map((setting) => setting.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) {
    expect(renderSettingsTable()).toContain(`| \`${name}\``);
    expect(renderEnvExample()).toMatch(new RegExp(`^#${name}=$`, 'm'));
  }
});

test('what a credential is in is marked as secret', () => {
  const secret = SETTINGS.filter((setting) => isSecretSetting(setting.name)).map((setting) => setting.name);
  expect(secret).toEqual([
    'DATABASE_URL',
    'REDIS_URL',
    'IMGIX_API_KEY',
    'AKAMAI_CLIENT_TOKEN',
    'AKAMAI_CLIENT_SECRET',
    'AKAMAI_ACCESS_TOKEN',
    'DASHBOARD_PASSWORD',
    'DASHBOARD_VIEWER_PASSWORD',
    'DASHBOARD_SESSION_SECRET',
    'METRICS_TOKEN',
  ]);
});
