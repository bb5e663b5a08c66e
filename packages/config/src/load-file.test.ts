import { ConfigError } from '@edgeledger/core';
import { expect, test } from 'vitest';
import type { Config } from './config.ts';
import { loadConfig } from './load-config.ts';

type Env = Record<string, string | undefined>;

function load(yaml: string, env: Env = {}, files: Record<string, string> = {}): Config {
  const all: Record<string, string> = { '/app/edgeledger.yaml': yaml, ...files };
  return loadConfig({
    env,
    cwd: '/app',
    homeDir: '/home/ed',
    readFile: (path) => {
      const text = all[path];
      if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' });
      return text;
    },
  });
}

function problemsOf(yaml: string, env: Env = {}): readonly string[] {
  try {
    load(yaml, env);
  } catch (thrown) {
    if (thrown instanceof ConfigError && Array.isArray(thrown.context.problems))
      return thrown.context.problems;
    throw thrown;
  }
  throw new Error('The configuration was accepted.');
}

const DESIGN_EXAMPLE = `
sources:
  - vendor: imgix
    account: default
    apiKey: \${IMGIX_API_KEY}
    reportTypes: [cdn_logs, image_analytics]
    datasets:                      # per dataset: accumulation, columns
      image_analytics: { accumulation: month_to_date }
      cdn_logs:
        columns:
          edge_pop: { header: POP, type: text }
          bytes:    { aliases: [sc_bytes], required: true }
          junk:     { drop: true }
  - vendor: akamai
    account: default
    edgerc: { path: ~/.edgerc, section: default }
    streams:
      - name: default
        dataset: endpoint_usage_by_time   # or api_usage_details
        api: v1
        objectIds: all                    # or a list
        splitByObject: false
        filters: { http_method: [get, post] }
        window: 1d
        everyMinutes: 15                  # the running day; absent = daily only
rejects:  { maxShare: 0.01, maxCount: 1000 }
archive:  { kind: directory, path: .edgeledger/archive, keepDays: 400 }
alerts:   { webhook: \${ALERT_WEBHOOK_URL}, format: slack }
schedule: { imgix: "5 4 * * *", akamai: "15 4 * * *", reconcileMinutes: 30 }
`;
const EDGERC = '[default]\nhost = h.example\nclient_token = t\nclient_secret = s=\naccess_token = a\n';

test('the documented example is read in full', () => {
  const config = load(
    DESIGN_EXAMPLE,
    {
      IMGIX_API_KEY: 'key: with {yaml} #in it'.replaceAll(' ', ''),
      ALERT_WEBHOOK_URL: 'https://hooks.example/T/s',
    },
    { '/home/ed/.edgerc': EDGERC },
  );
  const [imgix, akamai] = config.sources;
  if (imgix?.vendor !== 'imgix' || akamai?.vendor !== 'akamai') throw new Error('other sources');
  expect(imgix.apiKey.reveal()).toBe('key:with{yaml}#init');
  expect(imgix.reportTypesExplicit).toBe(true);
  expect(imgix.datasets).toEqual({
    image_analytics: { accumulation: 'month_to_date' },
    cdn_logs: {
      columns: {
        edge_pop: { header: 'POP', type: 'text' },
        bytes: { aliases: ['sc_bytes'], required: true },
        junk: { drop: true },
      },
    },
  });
  expect(akamai.clientSecret.reveal()).toBe('s=');
  expect(akamai.streams).toEqual([
    {
      name: 'default',
      dataset: 'endpoint_usage_by_time',
      api: 'v1',
      objectIds: 'all',
      splitByObject: false,
      filters: { http_method: ['get', 'post'] },
      windowHours: 24,
      everyMinutes: 15,
    },
  ]);
  expect(config.archive).toEqual({ kind: 'directory', path: '/app/.edgeledger/archive', keepDays: 400 });
  expect(config.alerts?.webhook.reveal()).toBe('https://hooks.example/T/s');
  expect(config.alerts?.format).toBe('slack');
  expect(config.alerts?.lostSoonDays).toBe(7);
  expect(config.configFile).toBe('/app/edgeledger.yaml');
});

test('keepDays is for the datasets that are kept by day', () => {
  const source = (report: string) =>
    `sources: [{ vendor: imgix, apiKey: k, datasets: { ${report}: { keepDays: 400 } } }]`;
  const [imgix] = load(source('cdn_logs')).sources;
  expect(imgix?.vendor === 'imgix' ? imgix.datasets : undefined).toEqual({ cdn_logs: { keepDays: 400 } });
  expect(problemsOf(source('mild_errors'))).toEqual([expect.stringMatching(/unknown key "keepDays"/)]);
});

test('the file is found by EDGELEDGER_CONFIG, and a missing one is a problem', () => {
  const files = { '/etc/el.yaml': 'rejects: { maxCount: 7 }' };
  expect(load('', { EDGELEDGER_CONFIG: '/etc/el.yaml' }, files).rejects.maxCount).toBe(7);
  expect(problemsOf('', { EDGELEDGER_CONFIG: '/etc/none.yaml' })).toEqual([
    'EDGELEDGER_CONFIG: The file /etc/none.yaml cannot be read (no such file). Name an existing file.',
  ]);
});

test.each(['', '# nothing\n', 'sources:\n', 'sources: []\nrejects:\n'])(
  'the empty file %j is fine',
  (yaml) => {
    expect(load(yaml, { IMGIX_API_KEY: 'k' }).sources).toHaveLength(1);
  },
);

test('the environment fills what the file leaves out', () => {
  const config = load('sources: [{ vendor: imgix, account: main }]', {
    IMGIX_API_KEY: 'k',
    IMGIX_API_URL: 'https://proxy.example',
    AKAMAI_HOST: 'h.example',
    AKAMAI_CLIENT_TOKEN: 't',
    AKAMAI_CLIENT_SECRET: 's',
    AKAMAI_ACCESS_TOKEN: 'a',
  });
  expect(config.sources).toMatchObject([
    {
      vendor: 'imgix',
      account: 'main',
      apiUrl: new URL('https://proxy.example'),
      reportTypesExplicit: false,
    },
    { vendor: 'akamai', account: 'default' },
  ]);
});

test('several accounts of a vendor each need their own credential', () => {
  const problems = problemsOf(
    'sources:\n  - { vendor: imgix, account: a }\n  - { vendor: imgix, account: b, apiKey: k }\n',
    { IMGIX_API_KEY: 'k' },
  );
  expect(problems).toEqual([
    'edgeledger.yaml:2 sources[0]: apiKey is missing. Add it (each account needs its own).',
  ]);
});

test('a lone Akamai source is filled value by value, and what stays missing is named', () => {
  const yaml = 'sources: [{ vendor: akamai, host: h.example, clientToken: t }]';
  const [source] = load(yaml, { AKAMAI_CLIENT_SECRET: 's', AKAMAI_ACCESS_TOKEN: 'a' }).sources;
  expect(source?.apiUrl.host).toBe('h.example');
  expect(problemsOf(yaml)).toEqual([
    expect.stringMatching(/^edgeledger\.yaml:1 sources\[0\]: clientSecret, accessToken missing/),
  ]);
  expect(problemsOf('sources: [{ vendor: akamai }]')).toEqual([
    expect.stringMatching(
      /sources\[0\]: The credential is missing\. Add edgerc.*AKAMAI_HOST, AKAMAI_CLIENT_TOKEN/,
    ),
  ]);
});

test('the same account twice is a problem, two vendors of one account name are not', () => {
  const problems = problemsOf(`sources:
  - { vendor: imgix, account: a, apiKey: k }
  - { vendor: akamai, account: a, host: h, clientToken: t, clientSecret: s, accessToken: x }
  - { vendor: imgix, account: a, apiKey: l }
`);
  expect(problems).toEqual([
    expect.stringMatching(/^edgeledger\.yaml:4 sources\[2\]: A second imgix source of the account "a"/),
  ]);
});

const stream = (lines: string) =>
  `sources:\n  - vendor: akamai\n    host: h\n    clientToken: t\n    clientSecret: s\n    accessToken: x\n    streams:\n${lines}`;

test('streams may name any v1 report, v2 reports, and how they are read', () => {
  const [source] = load(
    stream(`
      - { report: hits-by-time, metrics: [edgeHits], window: 6h, dropForbiddenObjects: true }
      - { dataset: api_usage_details, api: v2, dimensions: [timestamp, clientId], async: true }
      - { dataset: api_usage }
`),
  ).sources;
  expect(source?.vendor === 'akamai' && source.streams).toEqual([
    {
      name: 'default',
      dataset: 'report',
      report: 'hits-by-time',
      objectIds: 'all',
      splitByObject: false,
      metrics: ['edgeHits'],
      windowHours: 6,
      dropForbiddenObjects: true,
    },
    {
      name: 'default',
      dataset: 'api_usage_details',
      api: 'v2',
      objectIds: 'all',
      splitByObject: false,
      dimensions: ['timestamp', 'clientId'],
      async: true,
    },
    { name: 'default', dataset: 'api_usage', objectIds: 'all', splitByObject: false },
  ]);
});

test('two streams of one dataset need two names', () => {
  const problems = problemsOf(
    stream(
      `      - { dataset: endpoint_usage_by_time }
      - { dataset: endpoint_usage_by_time, name: default }
      - { dataset: api_usage_details, objectIds: [A-1] }
`,
    ),
  );
  expect(problems).toEqual([
    expect.stringMatching(/^edgeledger\.yaml:9 sources\[0\]\.streams\[1\]: A second stream "default"/),
  ]);
});

test.each([
  ['{ dataset: api_usage_details }', /streams\[0\]\.objectIds: api_usage_details needs a list/],
  ['{ dataset: endpoint_usage_by_time, objectIds: [12, x] }', /objectIds\[1\]: "x" is not a CP code/],
  ['{ dataset: endpoint_usage_by_time, api: v2 }', /\.api: "v2" does not have endpoint_usage_by_time/],
  ['{ dataset: endpoint_usage_by_time, window: 2d }', /\.window: "2d" is not one of: 1d/],
  [
    '{ dataset: endpoint_usage_by_time, everyMinutes: 4 }',
    /\.everyMinutes: "4" is not a whole number from 5/,
  ],
  ['{ dataset: endpoint_usage_by_time, name: Main }', /\.name: "Main" is not a name/],
  ['{ name: a }', /streams\[0\]\.dataset: is missing/],
  ['{ dataset: api_usage_details, api: v1 }', /streams\[0\]\.objectIds: api_usage_details needs a list/],
  ['{ dataset: api_usage, api: v1 }', /\.api: "v1" does not have api_usage/],
  ['{ report: hits-by-time, api: v2 }', /\.api: "v2" does not have hits-by-time/],
  ['{ report: hits-by-time, dataset: api_usage }', /\.report: Both dataset and report are given/],
  ['{ report: ../x }', /\.report: "\.\.\/x" is not the name of a report/],
  ['{ dataset: usage }', /\.dataset: "usage" is not one of: endpoint_usage_by_time, api_usage_details/],
])('the stream %s is refused', (text, expected) => {
  expect(problemsOf(stream(`      - ${text}\n`))).toEqual([expect.stringMatching(expected)]);
});

test('object ids keep their digits', () => {
  const [source] = load(
    stream('      - { dataset: endpoint_usage_by_time, objectIds: [007, 12345678901234567] }\n'),
  ).sources;
  expect(source?.vendor === 'akamai' && source.streams[0]?.objectIds).toEqual(['007', '12345678901234567']);
});

test('an unknown key is a problem with what was probably meant', () => {
  const problems = problemsOf(`sources:
  - vendor: imgix
    apikey: hunter2
    datasets: { cdn_log: { accumulation: daily } }
rejcts: {}
nonsense: 1
`);
  expect(problems).toEqual([
    expect.stringMatching(
      /:4 sources\[0\]\.datasets\.cdn_log: unknown key "cdn_log" \(did you mean "cdn_logs"\?\)/,
    ),
    expect.stringMatching(
      /:3 sources\[0\]\.apikey: unknown key "apikey" \(did you mean "apiKey"\?\)\. Allowed here: vendor, account, apiKey/,
    ),
    expect.stringMatching(
      /:5 rejcts: unknown key "rejcts" \(did you mean "rejects"\?\), "nonsense"\. Allowed/,
    ),
  ]);
  expect(problems.join()).not.toContain('hunter2');
});

test.each([
  [
    'sources: [{ vendor: imgx }]',
    /sources\[0\]\.vendor: "imgx" is not one of: imgix, akamai \(did you mean "imgix"\?\)/,
  ],
  ['sources: [{ account: a }]', /sources\[0\]\.vendor: is missing.*imgix, akamai/],
  ['sources: [imgix]', /sources\[0\]: "imgix" is not a group of keys/],
  ['sources: imgix', /sources: "imgix" is not a list/],
  ['- a', /^edgeledger\.yaml:1: is not a group of keys/],
  ['sources: [{ vendor: imgix, apiKey: k, account: "A B" }]', /\.account: "A B" is not a name/],
  ['sources: [{ vendor: imgix, apiKey: "hunter 2" }]', /\.apiKey: \[secret\] contains white space/],
  ['sources: [{ vendor: imgix, apiKey: k, apiUrl: "http://h.example" }]', /\.apiUrl: .*unencrypted/],
  ['sources: [{ vendor: imgix, apiKey: k, fileHosts: ["https://h"] }]', /\.fileHosts\[0\]: .*not a host/],
  ['sources: [{ vendor: imgix, apiKey: k, fileHosts: [] }]', /\.fileHosts: is an empty list/],
  ['sources: [{ vendor: imgix, apiKey: k, reportTypes: [cdn] }]', /\.reportTypes\[0\]: "cdn" is not one of/],
  [
    'sources: [{ vendor: imgix, apiKey: k, maxInflatedBytes: 1e9 }]',
    /maxInflatedBytes: "1e9" is not a whole number/,
  ],
  [
    'sources: [{ vendor: imgix, apiKey: k, datasets: { cdn_logs: { columns: { Bad: { drop: true } } } } }]',
    /columns\.Bad: "Bad" is not a column name/,
  ],
  [
    'sources: [{ vendor: imgix, apiKey: k, datasets: { cdn_logs: { columns: { load_id: { drop: true } } } } }]',
    /"load_id" is a column that every table has/,
  ],
  [
    'sources: [{ vendor: imgix, apiKey: k, datasets: { cdn_logs: { columns: { a: { type: int } } } } }]',
    /\.type: "int" is not one of: text, bigint/,
  ],
  [
    'sources: [{ vendor: imgix, apiKey: k, datasets: { cdn_logs: { columns: { a: { drop: maybe } } } } }]',
    /\.drop: "maybe" is not one of: true, false/,
  ],
  ['rejects: { maxShare: 1.5 }', /maxShare: "1\.5" is not a share from 0 to 1/],
  ['rejects: { maxCount: -1 }', /maxCount: "-1" is not a whole number/],
  ['archive: { kind: tape }', /archive\.kind: "tape" is not one of: off, directory, s3/],
  ['alerts: { webhook: hunter2 }', /alerts\.webhook: \[secret\] is not an http or https URL/],
  ['alerts: { format: slack }', /alerts\.webhook: is missing/],
  ['alerts: { webhook: "http://hooks.example/T" }', /alerts\.webhook: .*would send the alerts unencrypted/],
  ['alerts: { webhook: "https://a:b@hooks.example/T" }', /must not contain a user or password/],
  [
    'alerts: { webhook: "https://hooks.example/T", lostSoonDays: 0 }',
    /lostSoonDays: "0" is not a whole number/,
  ],
  [
    'schedule: { imgix: "5 24 * * *" }',
    /schedule\.imgix: "5 24 \* \* \*" is not a cron pattern \(see the hour\)/,
  ],
  ['schedule: { akamai: "5 4 * *" }', /schedule\.akamai: .*not a cron pattern/],
  ['schedule: { reconcileMinutes: 0 }', /reconcileMinutes: "0" is not a whole number from 1 to 1440/],
])('%s is refused', (yaml, expected) => {
  const problems = problemsOf(yaml);
  expect(problems).toEqual([expect.stringMatching(expected)]);
  expect(problems.join()).not.toContain('hunter');
});

test('a variable that is not set is one clear problem, not several', () => {
  const problems = problemsOf(`# \${IN_A_COMMENT} costs nothing
sources:
  - vendor: imgix
    apiKey: \${ACME_KEY}
    apiUrl: https://\${ACME_HOST}
`);
  expect(problems).toEqual([
    `edgeledger.yaml:4 sources[0].apiKey: \${ACME_KEY} is not set. Set the variable, or write $\${ACME_KEY} for that text itself.`,
    `edgeledger.yaml:5 sources[0].apiUrl: \${ACME_HOST} is not set. Set the variable, or write $\${ACME_HOST} for that text itself.`,
  ]);
});

test(`variables are put inside texts, from files too, and $\${ stays as text`, () => {
  const columns = (config: Config) => {
    const [source] = config.sources;
    return source?.vendor === 'imgix' ? source.datasets?.cdn_logs?.columns : undefined;
  };
  const config = load(
    `sources:
  - vendor: imgix
    apiKey: "a-\${KEY}-z"
    datasets: { cdn_logs: { columns: { a: { header: $\${KEY} x }, b: { header: "cost $5 \${KEY}\${KEY}" } } } }
    fileHosts: \${HOSTS}
`,
    { KEY_FILE: '/k', HOSTS: 'a.example,b.example:1' },
    { '/k': 'q\n' },
  );
  const [source] = config.sources;
  expect(source?.vendor === 'imgix' && source.apiKey.reveal()).toBe('a-q-z');
  expect(columns(config)).toEqual({ a: { header: `\${KEY} x` }, b: { header: 'cost $5 qq' } });
  expect(source).toMatchObject({ fileHosts: ['a.example', 'b.example:1'] });
});

test('a value with YAML in it stays a value', () => {
  const yaml = `sources: [{ vendor: imgix, apiKey: k, account: \${NAME} }]`;
  expect(problemsOf(yaml, { NAME: 'a, vendor: akamai' })).toEqual([
    'edgeledger.yaml:1 sources[0].account: [secret] is not a name. Use lower-case letters, digits, "_" and "-", beginning with a letter or digit.',
  ]);
});

test('an item of a comma list is judged where it stands, and shown unless it came from a variable', () => {
  const yaml = (types: string) => `sources: [{ vendor: imgix, apiKey: k, reportTypes: "${types}" }]`;
  expect(problemsOf(yaml('cdn_logs, foo'))).toEqual([
    expect.stringMatching(/reportTypes\[1\]: "foo" is not one of/),
  ]);
  expect(problemsOf(yaml(`\${TYPES}`), { TYPES: 'cdn_logs,hunter2' })).toEqual([
    expect.stringMatching(/reportTypes\[1\]: \[secret\] is not one of/),
  ]);
});

test.each([
  [
    'a: b: c',
    'edgeledger.yaml:1:4: Nested mappings are not allowed in compact mappings. Correct the YAML there.',
  ],
  [
    'rejects:\n\tmaxCount: 1',
    'edgeledger.yaml:2:1: Tabs are not allowed as indentation. Correct the YAML there.',
  ],
  [`rejects: { maxCount: \${A}`, /^edgeledger\.yaml:1:26: Flow map/],
  ['x: "hunter2', 'edgeledger.yaml:1:12: Missing closing quote. Correct the YAML there.'],
  ['- x\n"hunter2": 1', /^edgeledger\.yaml:2:1: /],
  ['a: 1\na: 2', 'edgeledger.yaml:2:1: Map keys must be unique. Correct the YAML there.'],
  ['a: 1\n---\nb: 2', /^edgeledger\.yaml:2:1: the file holds more than one document/],
  ['a: *hunter2', /^edgeledger\.yaml: An alias/],
  ['? [hunter2]\n: 1', /^edgeledger\.yaml:1:\d+: With stringKeys/],
])('the broken file %j is one line with file, line and column', (yaml, expected) => {
  const problems = problemsOf(yaml, { A: '1' });
  expect(problems).toEqual([typeof expected === 'string' ? expected : expect.stringMatching(expected)]);
  expect(problems.join()).not.toContain('hunter2');
  expect(() => load(yaml, { A: '1' })).toThrow(/^Configuration problem: [^\n]*$/);
});

test('an alias bomb is refused', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level += 1) {
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  }
  expect(problemsOf(lines.join('\n'))).toEqual([expect.stringMatching(/stands for more than 20000 values/)]);
});

test('characters that stand for references inside the program cannot be brought from outside', () => {
  const yaml = (account: string) => `sources: [{ vendor: imgix, apiKey: k, account: ${account} }]`;
  for (const mark of ['\uFDD0', '\uFDD4']) {
    expect(problemsOf(yaml(mark))).toEqual([expect.stringMatching(/account: "\uFFFD" is not a name/)]);
    expect(problemsOf('', { PORT: mark })).toEqual([expect.stringMatching(/^PORT: "\uFFFD" is not/)]);
  }
});

test('a broken file does not add problems about a credential it may hold', () => {
  expect(problemsOf('a: b: c', { AKAMAI_HOST: 'h.example' })).toHaveLength(1);
});

test('an S3 archive is read with its secret from a variable, and says what it lacks', () => {
  const yaml = [
    'archive:',
    '  kind: s3',
    '  endpoint: http://minio:9000',
    '  bucket: raw-reports',
    '  prefix: edgeledger/files',
    '  accessKeyId: AKIA1',
    `  secretAccessKey: $\{ARCHIVE_SECRET}`,
  ].join('\n');
  const config = load(yaml, { ARCHIVE_SECRET: 'hunter2' });
  expect(config.archive).toMatchObject({
    kind: 's3',
    endpoint: new URL('http://minio:9000'),
    bucket: 'raw-reports',
    region: 'us-east-1',
    prefix: 'edgeledger/files',
    keepDays: 400,
    spoolPath: '/app/.edgeledger/archive-spool',
  });
  expect(JSON.stringify(config)).not.toContain('hunter2');
  expect(() => load('archive: { kind: s3, bucket: raw-reports }')).toThrow(
    /archive: kind s3 needs endpoint, accessKeyId, secretAccessKey, too/,
  );
  expect(() => load(yaml.replace('edgeledger/files', '../up'), { ARCHIVE_SECRET: 'x' })).toThrow(
    /archive\.prefix: .*is not a folder in a bucket/,
  );
});

test('the deadline of late reports and the limits of small revisions can be set', () => {
  const config = load(
    'schedule: { lateAfterHours: 2 }\nrevisions: { minShare: 0.2, minMissingRows: 5, confirmAfterMinutes: 30 }',
  );
  expect(config.schedule.lateAfterHours).toBe(2);
  expect(config.revisions).toEqual({ minShare: 0.2, minMissingRows: 5, confirmAfterMs: 1_800_000 });
});
