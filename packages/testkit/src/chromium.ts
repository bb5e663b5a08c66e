import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export const NO_CHROMIUM = 'SKIPPED: no chromium on PATH; install it with "apt-get install chromium"';

/** The path of Debian's Chromium, or of what stands in for it, when this machine has one. */
export async function findChromium(path: string): Promise<string | undefined> {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    for (const folder of path.split(delimiter)) {
      const candidate = join(folder, name);
      const isThere = await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return candidate;
    }
  }
  return undefined;
}

/** Headless, and silent: without these a browser looks for updates and more at every start. */
export const CHROMIUM_ARGUMENTS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
