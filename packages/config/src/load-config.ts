import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import {
  DEFAULT_LATE_AFTER_MS,
  DEFAULT_LOST_SOON_DAYS,
  DEFAULT_REJECT_THRESHOLDS,
  DEFAULT_SHRINK_LIMITS,
  HOUR_MS,
  MINUTE_MS,
  rememberSecret,
  Secret,
  type ShrinkLimits,
} from '@edgeledger/core';
import { loadArchive } from './archive.ts';
import {
  type AlertsConfig,
  type Config,
  LOG_FORMATS,
  LOG_LEVELS,
  type MetricsConfig,
  type ScheduleConfig,
} from './config.ts';
import { loadDashboard } from './dashboard.ts';
import { createEnvironment } from './environment.ts';
import type { FileConfig } from './file-schema.ts';
import { parseFile } from './load-file.ts';
import { findMissing, loadSources, type SourceFile } from './load-sources.ts';
import { createProblems, type Problems } from './problems.ts';
import { createTextFiles } from './text-files.ts';
import {
  checkHost,
  checkHttpUrl,
  checkListenHost,
  checkRedisUrl,
  connectionUrl,
  oneOf,
  splitList,
  wholeNumber,
} from './values.ts';
import { createVariables, type Variables } from './variables.ts';
import { loadYamlFile, type YamlFile } from './yaml-file.ts';

export interface LoadConfigOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Relative paths start here. */
  readonly cwd: string;
  readonly readFile?: (path: string) => string;
  /** What `~` stands for. */
  readonly homeDir?: string;
  /** Logs are pretty by default on a terminal, JSON otherwise. */
  readonly isTerminal?: boolean;
}

function loadMetrics(variables: Variables): MetricsConfig {
  const port = variables.find('METRICS_PORT', wholeNumber(0, 65_535));
  const token = variables.given('METRICS_TOKEN')?.text;
  return {
    host: variables.find('METRICS_HOST', checkListenHost) ?? '127.0.0.1',
    ...(port !== undefined && { port }),
    ...(token !== undefined && { token: new Secret(token) }),
  };
}

function loadSchedule(file: FileConfig): ScheduleConfig {
  return {
    // both vendors finish a day at about 04:00 UTC
    imgix: file.schedule?.imgix ?? '5 4 * * *',
    akamai: file.schedule?.akamai ?? '15 4 * * *',
    reconcileMinutes: file.schedule?.reconcileMinutes ?? 30,
    lateAfterHours: file.schedule?.lateAfterHours ?? DEFAULT_LATE_AFTER_MS / HOUR_MS,
  };
}

function loadRevisions(file: FileConfig): ShrinkLimits {
  const minutes = file.revisions?.confirmAfterMinutes;
  return {
    minShare: file.revisions?.minShare ?? DEFAULT_SHRINK_LIMITS.minShare,
    minMissingRows: file.revisions?.minMissingRows ?? DEFAULT_SHRINK_LIMITS.minMissingRows,
    confirmAfterMs: minutes === undefined ? DEFAULT_SHRINK_LIMITS.confirmAfterMs : minutes * MINUTE_MS,
  };
}

function loadAlerts(file: FileConfig): AlertsConfig | undefined {
  if (file.alerts === undefined) return undefined;
  const { webhook, format, lostSoonDays } = file.alerts;
  return {
    webhook: new Secret(webhook),
    format: format ?? 'json',
    lostSoonDays: lostSoonDays ?? DEFAULT_LOST_SOON_DAYS,
  };
}

function toSourceFile(yaml: YamlFile | undefined, problems: Problems, problemsBefore: number): SourceFile {
  if (yaml === undefined) return { kind: problems.count() > problemsBefore ? 'invalid' : 'absent' };
  const config = parseFile(yaml, problems);
  return config === undefined ? { kind: 'invalid' } : { kind: 'valid', config, label: yaml.label };
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}

/** OpenTelemetry's libraries read these by themselves; what they hold must not show up all the same. */
const TRACE_HEADERS = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'];

function rememberCollector(env: NodeJS.ProcessEnv, endpoint: string | undefined): void {
  if (endpoint !== undefined) rememberSecret(endpoint);
  for (const header of TRACE_HEADERS.flatMap((name) => splitList(env[name] ?? ''))) {
    // `authorization=Basic%20…`: the scheme is no secret
    for (const word of header.slice(header.indexOf('=') + 1).split(/\s|%20/)) rememberSecret(word);
  }
}

function findSecret(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text);
}

/**
 * Everything a person set, from the environment and `edgeledger.yaml`, checked and frozen.
 *
 * @throws {ConfigError} `config.invalid`, with all problems in one message: by name, what was given (never a
 * secret) and what is allowed.
 */
export function loadConfig(options: LoadConfigOptions): Config {
  const problems = createProblems();
  const files = createTextFiles({
    cwd: options.cwd,
    homeDir: options.homeDir ?? homedir(),
    readFile: options.readFile ?? ((path) => readFileSync(path, 'utf8')),
  });
  const environment = createEnvironment(options.env, files, problems);
  const variables = createVariables(environment, problems);

  const problemsBefore = problems.count();
  const yaml = loadYamlFile(environment, files, options.cwd, problems);
  const sourceFile = toSourceFile(yaml, problems, problemsBefore);
  const file = sourceFile.kind === 'valid' ? sourceFile.config : {};
  const sources = loadSources(sourceFile, { variables, files, problems });
  const home = files.toPath(variables.given('EDGELEDGER_HOME')?.text ?? '.edgeledger');
  const otelEndpoint = variables.find('OTEL_EXPORTER_OTLP_ENDPOINT', checkHttpUrl);
  rememberCollector(options.env, otelEndpoint);

  const config: Config = {
    databaseUrl: findSecret(variables.find('DATABASE_URL', connectionUrl(['postgres', 'postgresql']))),
    redisUrl: findSecret(variables.find('REDIS_URL', checkRedisUrl)),
    // npm's and pnpm's name for it
    invokedFrom: files.toPath(options.env.INIT_CWD ?? '.'),
    home,
    configFile: yaml?.path,
    sources,
    missing: findMissing(sources),
    demo: variables.find('EDGELEDGER_DEMO', checkHost),
    backfillDays: variables.find('BACKFILL_DAYS', wholeNumber(1, 400)) ?? 90,
    rejects: {
      maxShare: file.rejects?.maxShare ?? DEFAULT_REJECT_THRESHOLDS.maxShare,
      maxCount: file.rejects?.maxCount ?? DEFAULT_REJECT_THRESHOLDS.maxCount,
    },
    revisions: loadRevisions(file),
    schedule: loadSchedule(file),
    archive: loadArchive({ archive: file.archive, home }, files, problems),
    alerts: loadAlerts(file),
    dashboard: loadDashboard(variables, problems),
    metrics: loadMetrics(variables),
    log: {
      level: variables.find('LOG_LEVEL', oneOf(LOG_LEVELS)) ?? 'info',
      format: variables.find('LOG_FORMAT', oneOf(LOG_FORMATS)) ?? (options.isTerminal ? 'pretty' : 'json'),
    },
    // no-color.org: any text counts, whatever it says
    isColorWanted: (options.env.NO_COLOR ?? '') === '' && options.env.TERM !== 'dumb',
    otelEndpoint: otelEndpoint === undefined ? undefined : new URL(otelEndpoint),
  };
  problems.throwIfAny();
  return deepFreeze(config);
}

/** {@link loadConfig} of this process. */
export function loadConfigFromProcess(): Config {
  return loadConfig({
    env: process.env,
    cwd: process.cwd(),
    isTerminal: process.stderr.isTTY === true,
  });
}
