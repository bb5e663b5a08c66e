import { ConfigError, Secret } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { loadConfig } from './load-config.ts';

type Env = Record<string, string | undefined>;

function load(env: Env = {}, files: Record<string, string> = {}) {
  return loadConfig({
    env,
    cwd: '/app',
    homeDir: '/home/ed',
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' });
      return text;
    },
  });
}

/** The problems of a configuration that is refused. */
function problemsOf(env: Env, files?: Record<string, string>): readonly string[] {
  try {
    load(env, files);
  } catch (thrown) {
    if (thrown instanceof ConfigError && thrown.code === 'config.invalid') {
      const { problems } = thrown.context;
      if (Array.isArray(problems)) return problems;
    }
    throw thrown;
  }
  throw new Error('The configuration was accepted.');
}

const AKAMAI = {
  AKAMAI_HOST: 'akab-1.luna.akamaiapis.net',
  AKAMAI_CLIENT_TOKEN: 'akab-client',
  AKAMAI_CLIENT_SECRET: 'c2VjcmV0',
  AKAMAI_ACCESS_TOKEN: 'akab-access',
};

test('an empty environment gives the defaults and says what would enable each vendor', () => {
  const config = load();
  expect(config).toEqual({
    databaseUrl: undefined,
    redisUrl: undefined,
    home: '/app/.edgeledger',
    invokedFrom: '/app',
    configFile: undefined,
    sources: [],
    missing: { imgix: ['IMGIX_API_KEY'], akamai: Object.keys(AKAMAI) },
    backfillDays: 90,
    rejects: { maxShare: 0.01, maxCount: 1000 },
    revisions: { minShare: 0.5, minMissingRows: 100, confirmAfterMs: 60_000 },
    schedule: { imgix: '5 4 * * *', akamai: '15 4 * * *', reconcileMinutes: 30, lateAfterHours: 8 },
    archive: { kind: 'off' },
    alerts: undefined,
    dashboard: { host: '127.0.0.1', port: 3000 },
    metrics: { host: '127.0.0.1' },
    isColorWanted: true,
    log: { level: 'info', format: 'json' },
    otelEndpoint: undefined,
  });
});

test.each([
  [{ NO_COLOR: '1' }, false],
  [{ NO_COLOR: '' }, true],
  [{ TERM: 'dumb' }, false],
])('colours with %j', (env, isWanted) => {
  expect(load(env).isColorWanted).toBe(isWanted);
});

test('metrics of roles without pages are served where a person says, with a token from a file if need be', () => {
  const config = load({ METRICS_PORT: '9464', METRICS_HOST: '0.0.0.0', METRICS_TOKEN: 'let-me-in' });
  expect(config.metrics).toMatchObject({ port: 9464, host: '0.0.0.0' });
  expect(config.metrics.token?.reveal()).toBe('let-me-in');
  expect(() => load({ METRICS_PORT: '70000' })).toThrow(/METRICS_PORT/);
});

test('the configuration cannot be changed', () => {
  const config = load({ IMGIX_API_KEY: 'k' });
  expect(() => Object.assign(config.rejects, { maxCount: 1 })).toThrow(TypeError);
  expect(() => Object.assign(config.sources[0] ?? {}, { account: 'x' })).toThrow(TypeError);
});

test('empty and blank variables count as unset', () => {
  const config = load({
    IMGIX_API_KEY: '',
    AKAMAI_HOST: ' ',
    PORT: '',
    DASHBOARD_USER: '',
    DATABASE_URL: '',
  });
  expect(config.sources).toEqual([]);
  expect(config.dashboard).toEqual({ host: '127.0.0.1', port: 3000 });
});

test('an imgix key enables imgix with all six reports', () => {
  const config = load({ IMGIX_API_KEY: ' ix-key ' });
  expect(config.missing).toEqual({ imgix: [], akamai: Object.keys(AKAMAI) });
  const [source] = config.sources;
  expect(source).toMatchObject({
    vendor: 'imgix',
    account: 'default',
    fileHosts: ['storage.googleapis.com'],
    reportTypesExplicit: false,
  });
  if (source?.vendor !== 'imgix') throw new Error('not imgix');
  expect(source.apiKey.reveal()).toBe('ix-key');
  expect(source.apiUrl.href).toBe('https://api.imgix.com/');
  expect(source.reportTypes).toHaveLength(6);
});

test('imgix variables narrow what is read and from where', () => {
  const [source] = load({
    IMGIX_API_KEY: 'k',
    IMGIX_API_URL: 'http://127.0.0.1:8080/',
    IMGIX_FILE_HOSTS: 'Files.example, 127.0.0.1:9000,[::1]:9001',
    IMGIX_REPORT_TYPES: 'cdn_logs, mild_errors,cdn_logs',
  }).sources;
  expect(source).toMatchObject({
    apiUrl: new URL('http://127.0.0.1:8080'),
    fileHosts: ['files.example', '127.0.0.1:9000', '[::1]:9001'],
    reportTypes: ['cdn_logs', 'mild_errors'],
    reportTypesExplicit: true,
  });
});

test.each([
  ['http://api.imgix.com', /unencrypted.*loopback/],
  ['http://127.0.0.1.evil.example', /unencrypted/],
  ['http://localhost.evil.example', /unencrypted/],
  ['ftp://api.imgix.com', /not an https URL/],
  ['api.imgix.com', /not a URL.*https:\/\//],
  ['https://api.imgix.com/api/v1', /more than an origin/],
  ['https://api.imgix.com?x=1', /more than an origin/],
  ['https://u:hunter2@api.imgix.com', /must not contain a user/],
])('IMGIX_API_URL %s is refused', (value, expected) => {
  const problems = problemsOf({ IMGIX_API_KEY: 'k', IMGIX_API_URL: value });
  expect(problems).toEqual([expect.stringMatching(expected)]);
  expect(problems[0]).toMatch(/^IMGIX_API_URL: "/);
  expect(problems[0]).not.toContain('hunter2');
});

test.each(['https://files.example', 'files.example/path', '*.example', 'a:99999', 'a b', 'x:y', '-a'])(
  'the file host %s is refused',
  (host) => {
    expect(problemsOf({ IMGIX_API_KEY: 'k', IMGIX_FILE_HOSTS: `ok.example,${host}` })).toEqual([
      expect.stringMatching(/^IMGIX_FILE_HOSTS: ".*" is not a host\. Give host or host:port/),
    ]);
  },
);

test('an unknown report type is answered with the six that exist', () => {
  const [problem, ...more] = problemsOf({ IMGIX_API_KEY: 'k', IMGIX_REPORT_TYPES: 'cdn_logs,cdn_log' });
  expect(more).toEqual([]);
  expect(problem).toBe(
    'IMGIX_REPORT_TYPES: "cdn_log" is not one of: cdn_logs, image_analytics, source_analytics, mild_errors, ' +
      'credit_analytics_daily, credit_analytics_mtd (did you mean "cdn_logs"?).',
  );
});

test('the four Akamai variables enable Akamai with the default usage stream', () => {
  const config = load(AKAMAI);
  expect(config.missing.akamai).toEqual([]);
  const [source] = config.sources;
  if (source?.vendor !== 'akamai') throw new Error('not akamai');
  expect(source.apiUrl.href).toBe('https://akab-1.luna.akamaiapis.net/');
  expect(source.clientToken.reveal()).toBe('akab-client');
  expect(source.clientSecret.reveal()).toBe('c2VjcmV0');
  expect(source.accessToken.reveal()).toBe('akab-access');
  expect(source.streams).toEqual([
    { name: 'default', dataset: 'endpoint_usage_by_time', objectIds: 'all', splitByObject: false },
  ]);
  expect(source).not.toHaveProperty('accountSwitchKey');
});

test('Akamai account ids add the details stream, CP codes narrow the usage stream', () => {
  const [source] = load({
    ...AKAMAI,
    AKAMAI_ACCOUNT_KEY: '1-5C0YLB:1-8BYUX',
    AKAMAI_CP_CODES: '123, 00456',
    AKAMAI_ACCOUNT_IDS: 'A-1,B-2',
  }).sources;
  expect(source).toMatchObject({
    accountSwitchKey: '1-5C0YLB:1-8BYUX',
    streams: [
      { dataset: 'endpoint_usage_by_time', objectIds: ['123', '00456'] },
      { name: 'default', dataset: 'api_usage_details', objectIds: ['A-1', 'B-2'] },
    ],
  });
});

test.each([
  ['akab.example', 'https://akab.example/'],
  ['akab.example:8443', 'https://akab.example:8443/'],
  ['https://akab.example/', 'https://akab.example/'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/'],
])('AKAMAI_HOST may be %s', (host, href) => {
  const [source] = load({ ...AKAMAI, AKAMAI_HOST: host }).sources;
  expect(source?.apiUrl.href).toBe(href);
});

test('AKAMAI_API_URL takes the place of the host', () => {
  const [source] = load({ ...AKAMAI, AKAMAI_API_URL: 'http://localhost:8081' }).sources;
  expect(source?.apiUrl.href).toBe('http://localhost:8081/');
  expect(problemsOf({ ...AKAMAI, AKAMAI_API_URL: 'http://akab.example' })).toEqual([
    expect.stringMatching(/^AKAMAI_API_URL: .*unencrypted/),
  ]);
});

test('a part of the Akamai credential is a problem that names the rest', () => {
  expect(problemsOf({ AKAMAI_HOST: 'h.example', AKAMAI_CLIENT_SECRET: 'hunter2' })).toEqual([
    expect.stringMatching(/AKAMAI_CLIENT_TOKEN, AKAMAI_ACCESS_TOKEN missing\. Set all four\.$/),
  ]);
});

test('bad Akamai values are named, and credentials in them are not shown', () => {
  const problems = problemsOf({
    ...AKAMAI,
    AKAMAI_HOST: 'http://akab.example',
    AKAMAI_CLIENT_SECRET: 'hunter 2',
    AKAMAI_CP_CODES: '12,x3',
    AKAMAI_ACCOUNT_IDS: 'a b',
  });
  expect(problems).toEqual([
    expect.stringMatching(/^AKAMAI_CP_CODES: "x3" is not a CP code/),
    expect.stringMatching(/^AKAMAI_ACCOUNT_IDS: "a b" is not an account id/),
    expect.stringMatching(/^AKAMAI_HOST: "http:\/\/akab\.example\/" is not a host/),
    expect.stringMatching(/^AKAMAI_CLIENT_SECRET: \[secret\] contains white space/),
  ]);
  expect(problems.join()).not.toContain('hunter');
});

test('an .edgerc file enables Akamai only when it is named', () => {
  const edgerc =
    '[other]\nhost = h.example/\nclient_token=t\nclient_secret="s;1" ; note\naccess-token = a\naccount_key=1-A\n';
  expect(load({}, { '/home/ed/.edgerc': edgerc }).sources).toEqual([]);
  const [source] = load(
    { AKAMAI_EDGERC: '~/.edgerc', AKAMAI_EDGERC_SECTION: 'other' },
    { '/home/ed/.edgerc': edgerc },
  ).sources;
  if (source?.vendor !== 'akamai') throw new Error('not akamai');
  expect(source.apiUrl.href).toBe('https://h.example/');
  expect(source.clientSecret.reveal()).toBe('s;1');
  expect(source.accessToken.reveal()).toBe('a');
  expect(source.accountSwitchKey).toBe('1-A');
});

test('the four variables win over an .edgerc that is named too', () => {
  const [source] = load({ ...AKAMAI, AKAMAI_EDGERC: '/nowhere' }).sources;
  expect(source?.apiUrl.host).toBe(AKAMAI.AKAMAI_HOST);
});

test('an .edgerc without the file, the section or a value is a problem that says so', () => {
  const files = { '/e': '[a]\nhost=h\nclient_secret=hunter2\n[b]\n' };
  expect(problemsOf({ AKAMAI_EDGERC: '/none' }, files)).toEqual([
    'AKAMAI_EDGERC: The file /none cannot be read (no such file). Name an existing .edgerc file.',
  ]);
  expect(problemsOf({ AKAMAI_EDGERC: '/e' }, files)).toEqual([
    'AKAMAI_EDGERC: The file /e has no section [default], only a, b. Name one that it has.',
  ]);
  expect(problemsOf({ AKAMAI_EDGERC: '/e', AKAMAI_EDGERC_SECTION: 'a' }, files)).toEqual([
    'AKAMAI_EDGERC: Section [a] of /e lacks client_token, access_token. Add what is missing.',
  ]);
});

test.each([
  ['BACKFILL_DAYS', '0'],
  ['BACKFILL_DAYS', '401'],
  ['BACKFILL_DAYS', '1.5'],
  ['BACKFILL_DAYS', '-3'],
  ['BACKFILL_DAYS', 'ninety'],
  ['PORT', '65536'],
  ['PORT', '80a'],
  ['LOG_LEVEL', 'verbose'],
  ['LOG_FORMAT', 'xml'],
  ['HOST', 'http://x'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317'],
])('%s=%s is refused', (name, value) => {
  expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(`^${name}: "`)]);
});

test('numbers, levels and paths are read', () => {
  const config = load({
    BACKFILL_DAYS: '400',
    PORT: '0',
    LOG_LEVEL: 'DEBUG',
    LOG_FORMAT: 'pretty',
    EDGELEDGER_HOME: '~/ledger',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/v1',
  });
  expect(config.backfillDays).toBe(400);
  expect(config.dashboard.port).toBe(0);
  expect(config.log).toEqual({ level: 'debug', format: 'pretty' });
  expect(config.home).toBe('/home/ed/ledger');
  expect(config.otelEndpoint?.href).toBe('http://collector:4318/v1');
});

test('logs are pretty by default on a terminal', () => {
  const onTerminal = (env: Env) => loadConfig({ env, cwd: '/nowhere', isTerminal: true }).log.format;
  expect(onTerminal({})).toBe('pretty');
  expect(onTerminal({ LOG_FORMAT: 'json' })).toBe('json');
});

test('an exported HOST without a password is no problem of commands that serve nothing', () => {
  for (const host of ['localhost', '127.0.0.5', '::1', '[::1]', '0.0.0.0'])
    expect(() => load({ HOST: host })).not.toThrow();
  const { dashboard } = load({ HOST: '0.0.0.0', DASHBOARD_USER: 'ed', DASHBOARD_PASSWORD: 'p w' });
  expect(dashboard).toEqual({ host: '0.0.0.0', port: 3000, user: 'ed', password: expect.any(Secret) });
  expect(dashboard.password?.reveal()).toBe('p w');
});

test('a dashboard user without a password, or the other way round, is a problem', () => {
  expect(problemsOf({ DASHBOARD_USER: 'ed' })).toEqual([expect.stringMatching(/^DASHBOARD_PASSWORD: /)]);
  expect(problemsOf({ DASHBOARD_PASSWORD: 'hunter2' })).toEqual([expect.stringMatching(/^DASHBOARD_USER: /)]);
});

test('a viewer needs an operator beside it, a name of its own, and the session secret some length', () => {
  const operator = { DASHBOARD_USER: 'ed', DASHBOARD_PASSWORD: 'a' };
  const viewer = { DASHBOARD_VIEWER_USER: 'vi', DASHBOARD_VIEWER_PASSWORD: 'b' };
  const secret = { DASHBOARD_SESSION_SECRET: '0123456789abcdef' };
  const { dashboard } = load({ ...operator, ...viewer, ...secret });
  expect(dashboard.viewer?.user).toBe('vi');
  expect(dashboard.viewer?.password.reveal()).toBe('b');
  expect(dashboard.sessionSecret?.reveal()).toBe('0123456789abcdef');
  expect(problemsOf(viewer)).toEqual([expect.stringMatching(/^DASHBOARD_USER: /)]);
  expect(problemsOf({ ...operator, DASHBOARD_VIEWER_USER: 'vi' })).toEqual([
    expect.stringMatching(/^DASHBOARD_VIEWER_PASSWORD: /),
  ]);
  expect(problemsOf({ ...operator, ...viewer, DASHBOARD_VIEWER_USER: 'ed' })).toEqual([
    expect.stringMatching(/^DASHBOARD_VIEWER_USER: /),
  ]);
  expect(problemsOf({ DASHBOARD_SESSION_SECRET: 'short' })).toEqual([
    expect.stringMatching(/^DASHBOARD_SESSION_SECRET: /),
  ]);
});

test('connection strings need their scheme and never print', () => {
  const good = load({ DATABASE_URL: 'postgresql://u:p@h/db', REDIS_URL: 'rediss://:p@h:6379/0' });
  expect(good.databaseUrl?.reveal()).toBe('postgresql://u:p@h/db');
  expect(good.redisUrl?.reveal()).toBe('rediss://:p@h:6379/0');
  expect(problemsOf({ DATABASE_URL: 'mysql://u:hunter2@h/db', REDIS_URL: 'hunter2@h:6379' })).toEqual([
    'DATABASE_URL: "mysql://…" does not begin with postgres:// or postgresql://',
    expect.stringMatching(/^REDIS_URL: \[secret\] does not begin with redis:\/\/ or rediss:\/\//),
  ]);
  expect(problemsOf({ DATABASE_URL: 'postgres://u:hunter2/x@h:port/db' })).toEqual([
    expect.stringMatching(/^DATABASE_URL: "postgres:\/\/…" cannot be read as a URL/),
  ]);
});

test('whoever repeats a secret of the configuration, it is masked from then on', () => {
  const secrets = {
    IMGIX_API_KEY: 'planted0imgix0key',
    DATABASE_URL: 'planted0database0word',
    REDIS_URL: 'planted0redis0word',
    ALERT_WEBHOOK_URL: 'planted0webhook0path',
    METRICS_TOKEN: 'planted0metrics0token',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'planted0collector0word',
    OTEL_EXPORTER_OTLP_HEADERS: 'planted0header0word',
    FROM_FILE: 'planted0file0word',
  };
  const env = {
    ...secrets,
    DATABASE_URL: `postgres://ed:${secrets.DATABASE_URL}@db.example/edge`,
    REDIS_URL: `redis+cluster://:${secrets.REDIS_URL}@r1:6379,r2:6379`,
    ALERT_WEBHOOK_URL: `https://hooks.example/services/${secrets.ALERT_WEBHOOK_URL}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: `https://ed:${secrets.OTEL_EXPORTER_OTLP_ENDPOINT}@otel.example`,
    OTEL_EXPORTER_OTLP_HEADERS: `x-scope=1,authorization=Bearer%20${secrets.OTEL_EXPORTER_OTLP_HEADERS}`,
    FROM_FILE: undefined,
    DASHBOARD_USER: 'ed',
    DASHBOARD_PASSWORD_FILE: '/run/word',
    EDGELEDGER_CONFIG: '/app/edgeledger.yaml',
  };
  load(env, {
    '/run/word': secrets.FROM_FILE,
    '/app/edgeledger.yaml': `alerts: { webhook: $${'{ALERT_WEBHOOK_URL}'} }`,
  });
  for (const [name, secret] of Object.entries(secrets)) {
    const { message } = new ConfigError('config.invalid', `${name} is ${secret}, ${btoa(secret)}`);
    expect(message).not.toMatch(/planted0|cGxhbnRlZ/);
  }
});

test('a secret may come from a file', () => {
  const files = { '/run/secrets/imgix': 'from-file\n', '/app/pw': 'p', '/empty': '\n' };
  const config = load(
    { IMGIX_API_KEY_FILE: '/run/secrets/imgix', DASHBOARD_USER: 'ed', DASHBOARD_PASSWORD_FILE: 'pw' },
    files,
  );
  const [source] = config.sources;
  expect(source?.vendor === 'imgix' && source.apiKey.reveal()).toBe('from-file');
  expect(config.dashboard.password?.reveal()).toBe('p');
  expect(problemsOf({ IMGIX_API_KEY_FILE: '/none', DATABASE_URL_FILE: '/empty' }, files)).toEqual([
    expect.stringMatching(/^IMGIX_API_KEY_FILE: The file \/none cannot be read \(no such file\)/),
    expect.stringMatching(/^DATABASE_URL_FILE: The file \/empty is empty/),
  ]);
  expect(problemsOf({ IMGIX_API_KEY: 'k', IMGIX_API_KEY_FILE: '/run/secrets/imgix' }, files)).toEqual([
    expect.stringMatching(/^IMGIX_API_KEY: Both IMGIX_API_KEY and IMGIX_API_KEY_FILE are set/),
  ]);
});

test('what is no secret is not read from a file', () => {
  expect(load({ PORT_FILE: '/none', IMGIX_API_URL_FILE: '/none' }).dashboard.port).toBe(3000);
});

test('all problems are reported at once, in one error', () => {
  const env = {
    PORT: 'x',
    BACKFILL_DAYS: '0',
    LOG_LEVEL: 'loud',
    IMGIX_API_KEY: 'hunter2',
    IMGIX_API_URL: 'http://evil.example',
    AKAMAI_HOST: 'h.example',
    DATABASE_URL: 'hunter2',
    HOST: 'a b',
  };
  const problems = problemsOf(env, {
    '/app/edgeledger.yaml': 'rejects: { maxShar: 1 }\narchive: { kind: tape }',
  });
  for (const name of [
    'PORT',
    'BACKFILL_DAYS',
    'LOG_LEVEL',
    'IMGIX_API_URL',
    'DATABASE_URL',
    'HOST',
    'edgeledger.yaml:1 rejects.maxShar',
    'edgeledger.yaml:2 archive.kind',
  ]) {
    expect(problems.filter((problem) => problem.startsWith(`${name}: `))).toHaveLength(1);
  }
  expect(problems.join()).not.toContain('hunter2');
  expect(() => load(env)).toThrow(/^\d configuration problems:\n {2}- /);
});

test('a value is shown only as far as it helps', () => {
  const [problem] = problemsOf({ LOG_LEVEL: 'x'.repeat(500) });
  expect(problem?.length).toBeLessThan(200);
  expect(problemsOf({ HOST: 'ed:hunter2@h' })[0]).toBe(
    'HOST: "[secret]@h" is not an address. Give a host name or IP address without scheme and port.',
  );
});
