import { createTestDatabase, findChromium, NO_CHROMIUM, type TestDatabase, until } from '@edgeledger/testkit';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCOUNT, DAYS, type DemoSite, openDemoSite, toKey } from './demo-site.ts';
import { findBarriers, logIn, openBrowser, openVisitor, overflowOf } from './visitor.ts';

const binary = await findChromium(process.env.PATH ?? '');
const LOADED_DAYS = 12;
/** Only a hang ends at it. */
const PATIENTLY = { timeout: 60_000 };
const ENV = {
  DASHBOARD_USER: 'ed',
  DASHBOARD_PASSWORD: 'act',
  DASHBOARD_VIEWER_USER: 'vi',
  DASHBOARD_VIEWER_PASSWORD: 'look',
};

if (binary === undefined) {
  console.warn(`the dashboard in a browser: ${NO_CHROMIUM}`);
  if (process.env.CI === 'true') test('the dashboard has a browser in CI', () => expect.fail(NO_CHROMIUM));
  else test.skip(NO_CHROMIUM, () => undefined);
}

describe.skipIf(binary === undefined)('the dashboard in a browser', () => {
  let database: TestDatabase;
  let site: DemoSite;
  let browser: Browser;

  beforeAll(async () => {
    database = await createTestDatabase();
    [site, browser] = await Promise.all([
      openDemoSite({ databaseUrl: database.connectionString, days: LOADED_DAYS, env: ENV, worker: 'runs' }),
      openBrowser(binary ?? ''),
    ]);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    await database?.drop();
  });

  const visit = (options = {}) => openVisitor(browser, site.url, options);
  const keyOf = (count: number) => toKey('cdn_logs', site.daysAgo(count));
  const unitPath = (key: string) => `/unit/${ACCOUNT}/imgix.cdn_logs/${key}`;
  const stateOf = async (key: string) =>
    (await site.warehouse.ledger.findUnit({ account: ACCOUNT, dataset: 'imgix.cdn_logs', reportKey: key }))
      ?.state;
  const cellOf = (page: Page, count: number) =>
    page.locator(`a[href="/day/${ACCOUNT}/imgix.cdn_logs/${site.daysAgo(count)}"]`);

  const listPages = (): readonly string[] => [
    '/',
    '/?days=365',
    '/units',
    '/units?q=no+such+report',
    `/units?day=${site.daysAgo(2)}&state=loaded&state=failed`,
    unitPath(keyOf(2)),
    unitPath(keyOf(DAYS.failed)),
    unitPath(keyOf(DAYS.held)),
    unitPath(keyOf(DAYS.rejects)),
    `/day/${ACCOUNT}/imgix.cdn_logs/${site.daysAgo(200)}`,
    '/charts',
    '/charts/traffic?days=90',
    `/charts/usage?day=${site.daysAgo(2)}`,
    '/schema',
    '/actions',
    `/backfill?from=${site.daysAgo(20)}&to=${site.daysAgo(15)}`,
  ];

  test('a wrong password is told, a right one leads in, and a log-out leads out', async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await page.goto('/units?q=cdn');
    await expect.poll(() => page.url(), PATIENTLY).toContain('/login?next=');
    await page.getByLabel('User').fill('ed');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect
      .poll(() => page.getByRole('alert').textContent(), PATIENTLY)
      .toContain('User or password is wrong');
    await page.getByLabel('Password').fill('act');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL('**/units?q=cdn');
    expect(await page.locator('.who').textContent()).toContain('ed, operator');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL('**/login');
    await page.goto('/');
    expect(page.url()).toContain('/login');
    // the browser itself notes the answer 401
    expect(visitor.complaints.filter((one) => !one.includes('401'))).toEqual([]);
  });

  test.each(['light', 'dark'] as const)(
    'every page is accessible in the %s scheme, by axe',
    async (colorScheme) => {
      await using visitor = await visit({ colorScheme });
      const { page } = visitor;
      await page.goto('/login');
      expect(await findBarriers(page)).toEqual([]);
      await logIn(page, 'ed', 'act');
      for (const path of listPages()) {
        await page.goto(path);
        expect([path, await findBarriers(page)]).toEqual([path, []]);
      }
      expect(visitor.complaints).toEqual([]);
    },
  );

  test.each([360, 768, 1440])('no page is wider than a window of %i pixels', async (width) => {
    await using visitor = await visit({ viewport: { width, height: 800 } });
    const { page } = visitor;
    await logIn(page, 'ed', 'act');
    for (const path of listPages()) {
      await page.goto(path);
      expect([path, await overflowOf(page)]).toEqual([path, 0]);
    }
    expect(visitor.complaints).toEqual([]);
  });

  test('a report is found by key, by day and by state', async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await logIn(page, 'ed', 'act');
    await page.getByRole('link', { name: 'Reports' }).click();
    await page.getByRole('searchbox').fill(keyOf(2));
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: keyOf(2) }).click();
    expect(await page.locator('h1').textContent()).toBe(keyOf(2));
    await page.goto('/units');
    await page.getByLabel('failed').check();
    await page.getByLabel('UTC day').fill(site.daysAgo(DAYS.failed));
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL(/state=failed/);
    expect(await page.locator('tbody tr').count()).toBe(1);
  });

  test('arrow keys walk the calendar, and Tab passes it in one step', async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await logIn(page, 'ed', 'act');
    await page.locator('.calendar a[tabindex="0"]').focus();
    expect(await page.locator('.calendar a[tabindex="0"]').count()).toBe(1);
    const focused = () => page.evaluate<string>('document.activeElement.getAttribute("href")');
    const before = await focused();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowUp');
    expect(await focused()).not.toBe(before);
    expect(await focused()).toContain('/day/');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/unit/**');
  });

  test('rejected records are shown as they came, whatever they hold', async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await logIn(page, 'ed', 'act');
    await page.goto(unitPath(keyOf(DAYS.rejects)));
    expect(await page.locator('#rejects pre').first().textContent()).toContain('<b>n/a</b>');
    await page.goto('/schema');
    expect(await page.locator('pre').textContent()).toContain(JSON.stringify('Edge "POP" <beta>'));
  });

  test('a viewer sees why, and no button that does anything', async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await logIn(page, 'vi', 'look');
    await cellOf(page, DAYS.failed).click();
    expect(await page.locator('.why').textContent()).toContain('source.unavailable');
    expect(await page.getByRole('button', { name: 'Retry now' }).isDisabled()).toBe(true);
    await page.goto('/queues/');
    await expect.poll(() => page.title(), PATIENTLY).toContain('read-only');
    await page.goto('/queues/queue/edgeledger-imgix');
    await page.getByText('edgeledger-imgix').first().waitFor();
    expect(await page.getByRole('button', { name: /retry|pause|clean|empty/i }).count()).toBe(0);
    expect(visitor.complaints).toEqual([]);
  });

  test('why a day is missing is one click from the calendar, and its repair the next', async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await logIn(page, 'ed', 'act');
    const key = keyOf(DAYS.failed);
    await cellOf(page, DAYS.failed).click();
    const why = await page.locator('.why').textContent();
    expect(why).toContain('Failed after 1 attempt: source.unavailable');
    expect(why).toContain('What to do:');
    expect(why).toMatch(/The vendor keeps it until \d{4}-\d\d-\d\d: \d+ days left/);
    site.repair();
    await page.getByRole('button', { name: 'Retry now', exact: true }).click();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Yes: retry now' }).click();
    await page.getByText('Handed to the queue').first().waitFor();
    await until('it is loaded', async () => (await stateOf(key)) === 'loaded', 30_000);
    await page.reload();
    expect(await page.locator('.why').textContent()).toContain('In the warehouse');
    expect(await page.getByRole('status').textContent()).toMatch(
      /Since then load \d+ was read and published/,
    );
    expect(visitor.complaints).toEqual([]);
  });

  test('a held report is confirmed by a person, and its smaller rows take the place', async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await logIn(page, 'ed', 'act');
    const key = keyOf(DAYS.held);
    await cellOf(page, DAYS.held).click();
    expect(await page.locator('.why').textContent()).toMatch(/again with 12 rows instead of \d{3}/);
    await page.getByRole('button', { name: 'Confirm the smaller report', exact: true }).click();
    await page.getByRole('button', { name: 'Yes: confirm the smaller report' }).click();
    await page.getByText('Handed to the queue').first().waitFor();
    await until('it is loaded', async () => (await stateOf(key)) === 'loaded', 30_000);
    await page.goto(unitPath(key));
    expect(await page.locator('.why').textContent()).toContain('12 rows');
  });

  test('actions work without any script, and a backfill loads days that were never planned', async () => {
    await using visitor = await visit({ javaScriptEnabled: false });
    const { page } = visitor;
    await logIn(page, 'ed', 'act');
    const [from, to] = [site.daysAgo(LOADED_DAYS + 2), site.daysAgo(LOADED_DAYS + 1)];
    await page.goto(`/day/${ACCOUNT}/imgix.cdn_logs/${from}`);
    expect(await page.locator('.why').textContent()).toContain('It was never planned');
    await page.getByRole('link', { name: `Backfill ${from}` }).click();
    await page.getByLabel('last UTC day').fill(to);
    await page.getByRole('button', { name: 'Look at it first' }).click();
    await page.getByRole('button', { name: 'Backfill these days', exact: true }).click();
    await page.getByRole('button', { name: 'Yes: backfill these days' }).click();
    expect(await page.getByRole('status').textContent()).toContain(`a worker plans ${from} to ${to}`);
    for (const key of [toKey('cdn_logs', from), toKey('cdn_logs', to)]) {
      await until(`${key} is loaded`, async () => (await stateOf(key)) === 'loaded', 30_000);
    }
    await page.goto('/');
    expect(await page.getByRole('button', { name: /Retry all/ }).count()).toBe(0);
    await page.goto('/actions');
    const trail = await page.locator('main').textContent();
    for (const kind of ['load again', 'confirm a smaller report', 'backfill a range'])
      expect(trail).toContain(kind);
  });

  test('without a worker the pages say so and how to start one, and with one they do not', async () => {
    await using other = await createTestDatabase();
    await using unattended = await openDemoSite({
      databaseUrl: other.connectionString,
      days: 1,
      env: ENV,
      worker: 'none',
    });
    await using visitor = await openVisitor(browser, unattended.url, {});
    const { page } = visitor;
    await logIn(page, 'ed', 'act');
    const banner = page.getByRole('region', { name: 'Who is missing' });
    for (const path of ['/', unitPath(toKey('cdn_logs', unattended.daysAgo(1)))]) {
      await page.goto(path);
      expect(await banner.textContent()).toContain('No worker is connected: nothing will be loaded');
      expect(await banner.textContent()).toContain('edgeledger worker');
      expect([path, await findBarriers(page)]).toEqual([path, []]);
    }
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await overflowOf(page)).toBe(0);
    expect(visitor.complaints).toEqual([]);

    await using attended = await visit();
    await logIn(attended.page, 'ed', 'act');
    await attended.page.goto('/');
    // this site has a worker and no scheduler
    const text = await attended.page.getByRole('region', { name: 'Who is missing' }).textContent();
    expect(text).not.toContain('No worker');
    expect(text).toContain('Nothing is scheduled');
  });

  test('a report leads to its job on the queue page, and the job back to its report', async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await logIn(page, 'ed', 'act');
    const key = keyOf(DAYS.failed);
    await page.goto(unitPath(key));
    await page.getByRole('region', { name: 'Jobs of this report' }).getByRole('link').first().click();
    await expect.poll(() => page.title(), PATIENTLY).toContain('Edgeledger queues');
    await page
      .getByRole('link', { name: `Report ${key}` })
      .first()
      .waitFor();
    expect(
      await page
        .getByRole('link', { name: `Report ${key}` })
        .first()
        .getAttribute('href'),
    ).toBe(unitPath(key));
    expect(await page.locator('body').textContent()).toContain('imgix.cdn_logs');
    expect(visitor.complaints).toEqual([]);
  });
});
