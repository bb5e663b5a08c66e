import { loadConfig } from '@edgeledger/config';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { assertSound, type Target } from '../target.ts';

const YAML = Buffer.from(`sources:
  - vendor: imgix
    account: default
    apiKey: \${IMGIX_API_KEY}
    reportTypes: [cdn_logs, image_analytics]
    datasets:
      image_analytics: { accumulation: month_to_date }
      cdn_logs:
        columns: &c
          edge_pop: { header: POP, type: text }
          bytes:    { aliases: [sc_bytes], required: true }
          junk:     { drop: true }
  - vendor: akamai
    account: default
    edgerc: { path: ~/.edgerc, section: default }
    streams:
      - name: default
        dataset: endpoint_usage_by_time
        api: v1
        objectIds: all
        filters: { http_method: [get, post] }
        window: 1d
        everyMinutes: 15
rejects:  { maxShare: 0.01, maxCount: 1000 }
archive:  { kind: directory, path: .edgeledger/archive, keepDays: 400 }
alerts:   { webhook: "\${ALERT_WEBHOOK_URL}", format: slack }
schedule: { imgix: "5 4 * * *", akamai: "15 4 * * *", reconcileMinutes: 30 }
`);
const EDGERC = Buffer.from(
  '; a comment\n[default]\nhost = akab-x.luna.akamaiapis.net/\nclient_token = akab-ct\nclient-secret = "c2Vj;cmV0"\naccess_token = akab-at ; theirs\nmax-body = 131072\n\n[other]\nhost=h\n',
);
const ENVIRONMENT = Buffer.from(
  'DATABASE_URL=postgres://ed:planted5ecret@db.example:5432/edge\nIMGIX_FILE_HOSTS=storage.googleapis.com,[::1]:443\nAKAMAI_CP_CODES=1,2\nBACKFILL_DAYS=90\nHOST=0.0.0.0\nPORT=3000\nDASHBOARD_USER=u\nDASHBOARD_PASSWORD=planted5ecret\nREDIS_URL=rediss://:planted5ecret@r:1/0\nLOG_LEVEL=info\n',
);
const SEPARATOR = Buffer.from('\n=====8<=====\n');
const SECRET = 'planted5ecret';

/** The file, an `.edgerc` and variables in one input, so that a failure is one file. */
export function createConfigurationTarget(): Target {
  return {
    name: 'configuration',
    samples: [Buffer.concat([YAML, SEPARATOR, EDGERC, SEPARATOR, ENVIRONMENT])],
    make: (random) => {
      const change = (sample: Buffer): Buffer => (random.chance(0.6) ? mutate([sample], random) : sample);
      const yaml = random.chance(0.1) ? makeBomb(random) : change(YAML);
      return Buffer.concat([yaml, SEPARATOR, change(EDGERC), SEPARATOR, change(ENVIRONMENT)]);
    },
    async run(input) {
      const [yaml = '', edgerc = '', variables = ''] = input.toString('utf8').split(SEPARATOR.toString());
      const env = Object.fromEntries(
        variables.split('\n').map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
      );
      const readFile = (path: string): string => (path.endsWith('edgeledger.yaml') ? yaml : edgerc);
      const given = { IMGIX_API_KEY: SECRET, ALERT_WEBHOOK_URL: `https://hooks.example/${SECRET}`, ...env };
      try {
        const config = loadConfig({ env: given, cwd: '/work', homeDir: '/home/person', readFile });
        assertSound(!JSON.stringify(config).includes(SECRET), () => 'the configuration prints a secret');
      } catch (thrown) {
        const text = thrown instanceof Error ? thrown.message : '';
        const isOwn = env.DASHBOARD_PASSWORD === SECRET;
        assertSound(
          !isOwn || !text.includes(SECRET) || hasMoved(variables, yaml),
          () => `a message prints a secret: ${text.slice(0, 300)}`,
        );
        throw thrown;
      }
    },
  };
}

/** A secret that a change moved to where none belongs (another variable's value) is shown like anything else there. */
function hasMoved(variables: string, yaml: string): boolean {
  const sound = ENVIRONMENT.toString().split('\n');
  return (
    yaml.includes(SECRET) ||
    variables.split('\n').some((line) => line.includes(SECRET) && !sound.includes(line))
  );
}

/** Aliases of aliases, nesting without end, keys without end. */
function makeBomb(random: Random): Buffer {
  const levels = random.below(40);
  const size = 10 ** (1 + random.below(5));
  return Buffer.from(
    random.pick([
      `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: levels }, (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level},`.repeat(9)}]\n`).join('')}`,
      `a: ${'['.repeat(size)}`,
      `a: ${'['.repeat(size)}${']'.repeat(size)}`,
      `${'{a: '.repeat(size)}${'}'.repeat(size)}`,
      `${'- '.repeat(size)}x`,
      Array.from({ length: size }, (_, index) => `k${index}: 1`).join('\n'),
      `a: &a [*a]`,
      `sources: &s\n  - *s`,
      `a: "${'$'.repeat(size)}{X}"`,
      `a: ${'${'.repeat(size)}`,
      `? ${'? '.repeat(size)}`,
      `a: |${size}\n x`,
      `%YAML 9.9\n---\na: 1`,
    ]),
  );
}
