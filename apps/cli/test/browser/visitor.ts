import { readFile } from 'node:fs/promises';
import { CHROMIUM_ARGUMENTS } from '@edgeledger/testkit';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** A browser window that remembers what went wrong in it. */
export interface Visitor extends AsyncDisposable {
  readonly page: Page;
  /** Errors of the console and of scripts, and requests to any other host. Empty is good. */
  readonly complaints: readonly string[];
}

/** Only a hang ends at it: a busy machine may take so long for a page. */
const PATIENCE_MS = 90_000;

export async function openBrowser(executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, args: [...CHROMIUM_ARGUMENTS] });
}

export async function openVisitor(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width: 1440, height: 900 },
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console at ${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`script at ${page.url()}: ${error.message}`));
  page.on('request', (request) => {
    const { host, protocol } = new URL(request.url());
    if (protocol !== 'data:' && host !== new URL(url).host) complaints.push(`request to ${host}`);
  });
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

export async function logIn(page: Page, user: string, password: string): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL('**/');
}

/** How much wider than the window the page is, in pixels. */
export async function overflowOf(page: Page): Promise<number> {
  return await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

const readAxe = (): Promise<string> => readFile(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** What axe has to say against the page: rule, impact and elements. Empty is good. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  // by evaluation: the page's own policy lets no script of others in
  await page.evaluate(await readAxe());
  return await page.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, impact, nodes }) =>
      nodes.slice(0, 3).map(({ html, failureSummary }) => [id, impact, html.slice(0, 200), failureSummary].join(' | '))))`,
  );
}
