/** One environment variable. The table in docs/operating/configure.md and `.env.example` are generated from this list. */
export interface Setting {
  readonly name: string;
  readonly group:
    | 'Warehouse and queue'
    | 'imgix'
    | 'Akamai'
    | 'Planning'
    | 'Dashboard'
    | 'Logs, metrics and traces';
  /** For a person, in Markdown. */
  readonly meaning: string;
  /** For a person, in Markdown; `unset` when there is none. */
  readonly default: string;
  /** Never printed, and may also come from a file named by `<name>_FILE`. */
  readonly secret?: true;
}

export const SETTINGS = [
  {
    name: 'DATABASE_URL',
    group: 'Warehouse and queue',
    meaning: 'the warehouse, `postgres://user:password@host:5432/database`',
    default: 'unset: embedded Postgres under `EDGELEDGER_HOME`',
    secret: true,
  },
  {
    name: 'REDIS_URL',
    group: 'Warehouse and queue',
    meaning:
      'the queue, `redis://host:6379` or `rediss://…`; `redis+cluster://host1,host2,host3`; `redis+sentinel://host1,host2,host3/primary`',
    default: "unset: BullMQ's PostgreSQL backend on `DATABASE_URL`",
    secret: true,
  },
  {
    name: 'EDGELEDGER_HOME',
    group: 'Warehouse and queue',
    meaning: 'local state (embedded Postgres, raw archive)',
    default: '`.edgeledger`',
  },
  {
    name: 'EDGELEDGER_CONFIG',
    group: 'Warehouse and queue',
    meaning: 'path of `edgeledger.yaml`, for several accounts, streams, columns and thresholds',
    default: '`edgeledger.yaml`, if there is one',
  },
  {
    name: 'IMGIX_API_KEY',
    group: 'imgix',
    meaning: 'enables the imgix source',
    default: 'unset',
    secret: true,
  },
  {
    name: 'IMGIX_API_URL',
    group: 'imgix',
    meaning: 'API origin; plain http only to loopback',
    default: '`https://api.imgix.com`',
  },
  {
    name: 'IMGIX_FILE_HOSTS',
    group: 'imgix',
    meaning: 'hosts that report files may be fetched from: comma list of `host` (any port) or `host:port`',
    default: '`storage.googleapis.com`',
  },
  {
    name: 'IMGIX_REPORT_TYPES',
    group: 'imgix',
    meaning: 'which reports: comma list',
    default: 'all six',
  },
  {
    name: 'AKAMAI_HOST',
    group: 'Akamai',
    meaning:
      "EdgeGrid credential, by the names Akamai's own tools read; it and the next three enable the Akamai source",
    default: 'unset',
  },
  {
    name: 'AKAMAI_CLIENT_TOKEN',
    group: 'Akamai',
    meaning: 'EdgeGrid credential',
    default: 'unset',
    secret: true,
  },
  {
    name: 'AKAMAI_CLIENT_SECRET',
    group: 'Akamai',
    meaning: 'EdgeGrid credential',
    default: 'unset',
    secret: true,
  },
  {
    name: 'AKAMAI_ACCESS_TOKEN',
    group: 'Akamai',
    meaning: 'EdgeGrid credential',
    default: 'unset',
    secret: true,
  },
  {
    name: 'AKAMAI_EDGERC',
    group: 'Akamai',
    meaning: 'path of an `.edgerc` file that holds the credential instead',
    default: 'unset: `~/.edgerc` is read only when named',
  },
  { name: 'AKAMAI_EDGERC_SECTION', group: 'Akamai', meaning: 'its section', default: '`default`' },
  {
    name: 'AKAMAI_ACCOUNT_KEY',
    group: 'Akamai',
    meaning: 'account switch key, for clients that manage several accounts',
    default: 'unset',
  },
  {
    name: 'AKAMAI_API_URL',
    group: 'Akamai',
    meaning: 'API origin, for tests and proxies; plain http only to loopback',
    default: '`https://<AKAMAI_HOST>`',
  },
  {
    name: 'AKAMAI_CP_CODES',
    group: 'Akamai',
    meaning: 'CP codes of the default usage stream: comma list',
    default: 'all',
  },
  {
    name: 'AKAMAI_ACCOUNT_IDS',
    group: 'Akamai',
    meaning:
      'account ids of the default details stream (the report needs them): comma list; without it that dataset is not planned',
    default: 'unset',
  },
  {
    name: 'EDGELEDGER_DEMO',
    group: 'Planning',
    meaning:
      'where the emulated vendors are (`host:port` of their file server); used only while no source is configured',
    default: 'unset; `docker-compose.yml` sets it',
  },
  {
    name: 'BACKFILL_DAYS',
    group: 'Planning',
    meaning: 'how many whole UTC days the planner looks back, 1 to 400; vendors keep about 90',
    default: '`90`',
  },
  {
    name: 'DASHBOARD_USER',
    group: 'Dashboard',
    meaning:
      'with `DASHBOARD_PASSWORD`: who may look and act (operator); required unless the dashboard listens on loopback',
    default: 'unset',
  },
  {
    name: 'DASHBOARD_PASSWORD',
    group: 'Dashboard',
    meaning: 'with `DASHBOARD_USER`',
    default: 'unset',
    secret: true,
  },
  {
    name: 'DASHBOARD_VIEWER_USER',
    group: 'Dashboard',
    meaning: 'with `DASHBOARD_VIEWER_PASSWORD`: who may look and not act (viewer)',
    default: 'unset',
  },
  {
    name: 'DASHBOARD_VIEWER_PASSWORD',
    group: 'Dashboard',
    meaning: 'with `DASHBOARD_VIEWER_USER`',
    default: 'unset',
    secret: true,
  },
  {
    name: 'DASHBOARD_SESSION_SECRET',
    group: 'Dashboard',
    meaning:
      'signs log-ins, 16 characters or more; the same for every copy of the dashboard behind one address',
    default: 'a new one at every start',
    secret: true,
  },
  { name: 'HOST', group: 'Dashboard', meaning: 'address the dashboard listens on', default: '`127.0.0.1`' },
  {
    name: 'PORT',
    group: 'Dashboard',
    meaning: 'port of the dashboard; 0 takes any free one',
    default: '`3000`',
  },
  {
    name: 'LOG_LEVEL',
    group: 'Logs, metrics and traces',
    meaning: '`debug`, `info`, `warn`, `error` or `silent`',
    default: '`info`',
  },
  {
    name: 'LOG_FORMAT',
    group: 'Logs, metrics and traces',
    meaning: '`pretty` or `json`',
    default: '`pretty` on a terminal, `json` otherwise',
  },
  {
    name: 'NO_COLOR',
    group: 'Logs, metrics and traces',
    meaning: 'any text turns colours off; they are only used on a terminal',
    default: 'unset',
  },
  {
    name: 'METRICS_PORT',
    group: 'Logs, metrics and traces',
    meaning:
      'port of `/metrics`, `/healthz` and `/readyz` of a worker or scheduler, 0 for any free one; the dashboard has them on `PORT` anyway',
    default: 'unset: not served',
  },
  {
    name: 'METRICS_HOST',
    group: 'Logs, metrics and traces',
    meaning: 'address they listen on',
    default: '`127.0.0.1`',
  },
  {
    name: 'METRICS_TOKEN',
    group: 'Logs, metrics and traces',
    meaning: "bearer token that `/metrics` wants; the dashboard's users see it without",
    default: 'unset: open; on a dashboard with a password, to its users only',
    secret: true,
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    group: 'Logs, metrics and traces',
    meaning: 'where OpenTelemetry traces go; turns them on',
    default: 'unset',
  },
] as const satisfies readonly Setting[];

export type SettingName = (typeof SETTINGS)[number]['name'];

export function isSecretSetting(name: string): boolean {
  return SETTINGS.some((setting) => setting.name === name && 'secret' in setting);
}

/** The table of docs/operating/configure.md. */
export function renderSettingsTable(): string {
  const rows = SETTINGS.map((setting) => {
    const name = `\`${setting.name}\`${'secret' in setting ? ' *' : ''}`;
    return `| ${name} | ${setting.meaning} | ${setting.default} |`;
  });
  return [
    '| variable | meaning | default |',
    '| --- | --- | --- |',
    ...rows,
    '',
    '\\* secret: never printed; may also come from a file, named by the variable with `_FILE` appended.',
    '',
  ].join('\n');
}

/** The text of `.env.example`: every variable, commented out. */
export function renderEnvExample(): string {
  const lines = [
    '# Copy to .env and fill in what you need: everything is optional, an empty variable counts as unset.',
    '# A secret may also come from a file: <NAME>_FILE=/run/secrets/name',
    '# Generated from packages/config/src/settings.ts.',
  ];
  let group = '';
  for (const setting of SETTINGS) {
    if (setting.group !== group) lines.push('', `# --- ${setting.group} ---`);
    group = setting.group;
    const plain = `${setting.meaning} (default: ${setting.default})`.replaceAll('`', '');
    lines.push(`# ${plain}`, `#${setting.name}=`);
  }
  return `${lines.join('\n')}\n`;
}
