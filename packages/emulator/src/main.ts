/** Runs the emulator alone and prints the settings with which a product finds it. */
import { parseArgs } from 'node:util';
import { createOffsetClock } from './clock.ts';
import type { Emulator } from './emulator.ts';
import { createEmulator } from './emulator.ts';
import type { EmulatorOptions } from './options.ts';

const HELP = `Plays the imgix Management API (reports), its file host and Akamai's Reporting API v1.

Usage: node packages/emulator/src/main.ts [options]

  --seed N               everything made up depends on it (1)
  --days N               how many days the accounts have existed (90)
  --now ISO              start the emulated clock there; it then runs on (real time)
  --host NAME            address to listen on (127.0.0.1)
  --public-host NAME     host in the printed URLs and in file links (the same)
  --port-imgix N         ports; 0 lets the system choose (0)
  --port-files N
  --port-akamai N
  --rows N               mean rows of a cdn_logs report (400)
  --images N             origin images per Source (40)
  --part-rows N          split reports into files of N rows (one file)
  --gzip yes|no|mixed    compress report files (yes)
  --publish-hour N       UTC hour at which reports of the day before are complete (3)
  --link-ttl SECONDS     lifetime of file links (900)
  --rate N               imgix requests per second; 0 = unlimited (4)
  --rate-akamai N        Akamai requests per minute and endpoint; 0 = unlimited (120)
  --lag MINUTES          age of Akamai's newest data (180)
  --calls N              mean API calls per Akamai account and day (600)
  --help                 this text

Example: node packages/emulator/src/main.ts --days 30 --port-imgix 4801 --port-files 4802 --port-akamai 4803
`;

const NUMBERS = [
  'seed',
  'days',
  'port-imgix',
  'port-files',
  'port-akamai',
  'rows',
  'images',
  'part-rows',
  'publish-hour',
  'link-ttl',
  'rate',
  'rate-akamai',
  'lag',
  'calls',
] as const;
const TEXTS = ['now', 'host', 'public-host', 'gzip'] as const;
const GZIP = { yes: true, no: false, mixed: 'mixed' } as const;

class UsageError extends Error {}

/** Reads the command line; undefined asks for the help. */
export function parseCommandLine(args: readonly string[]): EmulatorOptions | undefined {
  const values = readOptions(args);
  if (values.has('help')) return undefined;
  const numbers = new Map(NUMBERS.map((name) => [name, toNumber(name, values.get(name))] as const));
  const gzip = values.get('gzip') ?? 'yes';
  if (!isGzip(gzip)) throw new UsageError(`--gzip must be yes, no or mixed, not '${gzip}'.`);
  const nowText = values.get('now');
  const now = nowText === undefined ? undefined : new Date(nowText);
  if (now !== undefined && Number.isNaN(now.getTime())) {
    throw new UsageError(`--now must be an ISO 8601 instant such as 2026-11-20T12:00:00Z, not '${nowText}'.`);
  }
  return {
    seed: numbers.get('seed'),
    now: now === undefined ? undefined : createOffsetClock(now),
    host: values.get('host'),
    publicHost: values.get('public-host'),
    imgixPort: numbers.get('port-imgix'),
    filesPort: numbers.get('port-files'),
    akamaiPort: numbers.get('port-akamai'),
    historyDays: numbers.get('days'),
    volume: { cdnLogRowsPerDay: numbers.get('rows'), imagesPerSource: numbers.get('images') },
    imgix: {
      partMaxRows: numbers.get('part-rows'),
      gzip: GZIP[gzip],
      publishHour: numbers.get('publish-hour'),
      linkTtlSeconds: numbers.get('link-ttl'),
      requestsPerSecond: numbers.get('rate'),
    },
    akamai: {
      requestsPerMinute: numbers.get('rate-akamai'),
      lagMinutes: numbers.get('lag'),
      detailsPerDay: numbers.get('calls'),
    },
  };
}

function readOptions(args: readonly string[]): Map<string, string> {
  const options = Object.fromEntries(
    [...NUMBERS, ...TEXTS].map((name) => [name, { type: 'string' }] as const),
  );
  try {
    const { values } = parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean' } } });
    const given = Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, `${value}`] as const],
    );
    return new Map(given);
  } catch (error) {
    // the first sentence names the option; the rest is advice about positional arguments
    const message = error instanceof Error ? error.message : `${error}`;
    throw new UsageError(`${message.split('. ')[0] ?? message}. See --help.`);
  }
}

function toNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new UsageError(`--${name} must be a whole number, not '${text}'.`);
  if (name === 'part-rows' && Number(text) === 0) throw new UsageError('--part-rows must be at least 1.');
  return Number(text);
}

function isGzip(text: string): text is keyof typeof GZIP {
  return Object.hasOwn(GZIP, text);
}

/** The environment that points a product at the emulator, ready to paste into a shell. */
export function environmentBlock(emulator: Emulator): string {
  const { imgix, akamai } = emulator.credentials;
  const variables = {
    IMGIX_API_KEY: imgix.apiKey,
    IMGIX_API_URL: emulator.imgixUrl,
    IMGIX_FILE_HOSTS: emulator.filesHost,
    AKAMAI_HOST: akamai.host,
    AKAMAI_CLIENT_TOKEN: akamai.clientToken,
    AKAMAI_CLIENT_SECRET: akamai.clientSecret,
    AKAMAI_ACCESS_TOKEN: akamai.accessToken,
    AKAMAI_API_URL: emulator.akamaiUrl,
    AKAMAI_CP_CODES: emulator.scope.cpCodes.join(','),
    AKAMAI_ACCOUNT_IDS: emulator.scope.accountIds.join(','),
  };
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value}'\n`)
    .join('');
}

async function main(): Promise<void> {
  const options = parseCommandLine(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const emulator = await createEmulator(options);
  // before anything is printed: a script may end it as soon as it has read the addresses
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void emulator.close();
    });
  }
  process.stdout.write(
    `imgix API   ${emulator.imgixUrl}\nimgix files ${emulator.filesUrl}\nAkamai API  ${emulator.akamaiUrl}\n\n` +
      `${environmentBlock(emulator)}\nCtrl-C ends it.\n`,
  );
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    process.stderr.write(`emulator: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  });
}
