import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { renderCompletion, SHELLS, type Shell } from './completion.ts';
import { EXIT } from './exit-codes.ts';
import { type Io, printLine } from './io.ts';
import { lazily } from './lazily.ts';
import { ROLES } from './role-names.ts';
import { VERSION } from './version.ts';
import { addWatchCommands } from './watch-commands.ts';

const runBackfillCommand = lazily(async () => (await import('./commands/backfill.ts')).runBackfillCommand);
const runDemoCommand = lazily(async () => (await import('./commands/demo.ts')).runDemoCommand);
const runDoctorCommand = lazily(async () => (await import('./commands/doctor.ts')).runDoctorCommand);
const runGapsCommand = lazily(async () => (await import('./commands/gaps.ts')).runGapsCommand);
const runImportCommand = lazily(async () => (await import('./commands/import-files.ts')).runImportCommand);
const runMigrateCommand = lazily(async () => (await import('./commands/migrate.ts')).runMigrateCommand);
const runPlanCommand = lazily(async () => (await import('./commands/plan.ts')).runPlanCommand);
const runProveCommand = lazily(async () => (await import('./commands/prove.ts')).runProveCommand);
const runPruneCommand = lazily(async () => (await import('./commands/prune.ts')).runPruneCommand);
const runReplayCommand = lazily(async () => (await import('./commands/replay.ts')).runReplayCommand);
const runRunCommand = lazily(async () => (await import('./commands/run.ts')).runRunCommand);
const runSchemaApplyCommand = lazily(
  async () => (await import('./commands/schema.ts')).runSchemaApplyCommand,
);
const runSchemaCommand = lazily(async () => (await import('./commands/schema.ts')).runSchemaCommand);
const runServeCommand = lazily(async () => (await import('./commands/serve.ts')).runServeCommand);
const runSqlCommand = lazily(async () => (await import('./commands/sql.ts')).runSqlCommand);
const runStatusCommand = lazily(async () => (await import('./commands/status.ts')).runStatusCommand);

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 usage, 3 configuration, 4 incomplete coverage, 5 database newer than this version.`;

/** Parses the arguments, runs the command and gives its exit code. Throws what the command throws. */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.done;
  const finish = (code: number): void => {
    exitCode = code;
  };
  const program = buildProgram(io, finish);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}

/** The commands, without running one. */
export function buildProgram(io: Io, finish: (code: number) => void): Command {
  const program = new Command('edgeledger')
    .description('Brings imgix and Akamai reports into your own Postgres, complete and exact.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => io.status.printLines(text.trimEnd()),
      getOutHelpWidth: () => Math.min(100, io.stdout.columns ?? 100),
    })
    .addHelpText('after', `\nTry it without any account: edgeledger demo${EXIT_CODES}`);
  addShowCommands(program, io, finish);
  addLoadCommands(program, io, finish);
  addWatchCommands(program, { io, finish, withRange });
  addServeCommands(program, io, finish);
  program
    .command('completion')
    .description('print a script that completes commands and options')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(edgeledger completion bash)\n  source <(edgeledger completion zsh)\n  edgeledger completion fish | source',
    )
    .action((shell: Shell) => printLine(io, renderCompletion(program, shell)));
  return program;
}

function addShowCommands(program: Command, io: Io, finish: (code: number) => void): void {
  program
    .command('demo')
    .description('load emulated reports into an embedded Postgres and answer questions in SQL')
    .option('--days <n>', 'whole UTC days to load', toDays, 90)
    .option('--once', 'exit when it is loaded instead of serving the dashboard')
    .option('--port <port>', 'dashboard port (default 3000, or a free one)', toPort)
    .addHelpText('after', '\nExamples:\n  edgeledger demo\n  edgeledger demo --once --days 14')
    .action(async (options) => finish(await runDemoCommand(io, options)));
  program
    .command('doctor')
    .description(
      'check configuration, Postgres, queue, credentials and streams; says what to do where one fails',
    )
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  edgeledger doctor')
    .action(async (options) => finish(await runDoctorCommand(io, options)));
  program
    .command('prove')
    .description(
      'kill, cut and stall workers on an embedded Postgres of its own and compare every table; about two minutes',
    )
    .option('--all', 'every case instead of the short list; many minutes')
    .option('--only <text>', 'the cases whose name holds this text')
    .option('--seed <n>', 'for the data and for random moments', toSeed, 1)
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  edgeledger prove\n  edgeledger prove --seed 7 --json\n  edgeledger prove --all --only Postgres',
    )
    .action(async (options) => finish(await runProveCommand(io, options)));
  program
    .command('status')
    .description('coverage, freshness, new columns and findings of every dataset')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  edgeledger status\n  edgeledger status --json | jq .datasets')
    .action(async (options) => finish(await runStatusCommand(io, options)));
  const schema = program
    .command('schema')
    .description('columns that reports brought and no mapping knows, with the type their values fit')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  edgeledger schema\n  edgeledger schema apply')
    .action(async (options) => finish(await runSchemaCommand(io, options)));
  schema
    .command('apply')
    .description('apply the column mapping of edgeledger.yaml to what is loaded already')
    .option('--force', 'make NULL of values that the new type refuses')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  edgeledger schema apply')
    .action(async (_options, command: Command) =>
      finish(await runSchemaApplyCommand(io, command.optsWithGlobals())),
    );
  program
    .command('sql')
    .description('answer a query, read-only; without one from standard input, or at a prompt')
    .argument('[query]', 'SQL, or \\d for the tables, \\d NAME for the columns of one')
    .addOption(new Option('--json', 'rows as a JSON array').conflicts(['csv', 'url']))
    .addOption(new Option('--csv', 'rows as CSV').conflicts('url'))
    .option(
      '--url',
      'print the connection string for psql, dbt or a BI tool, and keep the embedded Postgres up',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  edgeledger sql\n  edgeledger sql "SELECT * FROM ledger.freshness"\n  edgeledger sql --csv < query.sql > answer.csv',
    )
    .action(async (query: string | undefined, options) => finish(await runSqlCommand(io, query, options)));
  program
    .command('gaps')
    .description('every expected report that is not loaded, with the days left before the vendor drops it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  edgeledger gaps')
    .action(async (options) => finish(await runGapsCommand(io, options)));
}

function addLoadCommands(program: Command, io: Io, finish: (code: number) => void): void {
  withRange(
    program.command('plan'),
    'print what would be loaded and about how many requests it takes; changes nothing',
  )
    .addHelpText(
      'after',
      '\nExamples:\n  edgeledger plan\n  edgeledger plan --source akamai --from 2026-11-01 --to 2026-11-07',
    )
    .action(async (options) => finish(await runPlanCommand(io, options)));
  withRange(program.command('run'), 'plan and load in this process until done')
    .option('--wait', 'keep going until the reports that are not ready yet are loaded, too')
    .option('--concurrency <n>', 'reports read at the same time per source', toCount, 4)
    .addHelpText(
      'after',
      '\nExamples:\n  edgeledger run\n  edgeledger run --dataset cdn_logs --from 2026-11-01 --to 2026-11-07',
    )
    .action(async (options) => finish(await runRunCommand(io, options)));
  withRange(program.command('backfill'), 'plan and enqueue for the running workers')
    .addHelpText('after', '\nExample:\n  edgeledger backfill --from 2026-09-01 --to 2026-09-30')
    .action(async (options) => finish(await runBackfillCommand(io, options)));
  withRange(program.command('replay'), 'load reports again that were loaded before, covered ones too')
    .argument('[report_key...]', 'the reports; or give days with --from and --to')
    .addOption(
      new Option('--from-archive', 'only from the raw archive: no vendor call is made').conflicts(
        'fromVendor',
      ),
    )
    .option('--from-vendor', 'only from the vendor, whatever the archive has')
    .option('--confirm', 'replace the visible rows even by a much smaller report')
    .addHelpText(
      'after',
      '\nExamples:\n  edgeledger replay cdn_logs_20261120\n  edgeledger replay --dataset cdn_logs --from 2026-11-01 --to 2026-11-07 --from-archive',
    )
    .action(async (reportKeys: string[], options) => finish(await runReplayCommand(io, reportKeys, options)));
  program
    .command('import')
    .description("load report files that were saved from the vendor's dashboard (CSV or CSV.gz)")
    .argument('<file...>', 'the parts of one report, in order')
    .requiredOption('--dataset <name>', 'for example imgix.cdn_logs')
    .requiredOption('--report-key <key>', "the vendor's key, ending in the day: cdn_logs_20261120")
    .option('--account <name>', 'account the rows belong to', 'default')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  edgeledger import cdn_logs_20261120.csv.gz --dataset imgix.cdn_logs --report-key cdn_logs_20261120',
    )
    .action(async (files: string[], options) => finish(await runImportCommand(io, files, options)));
  program
    .command('prune')
    .description(
      'drop rows older than keepDays of their dataset, by whole days; the ledger keeps the reports',
    )
    .option('--dataset <name>', 'only this dataset: cdn_logs or image_analytics')
    .option('--account <name>', 'only this account (default: all configured; with --keep-days: default)')
    .option('--keep-days <n>', 'days to keep, instead of what edgeledger.yaml says', toKeepDays)
    .option('--dry-run', 'only print what would go')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  edgeledger prune\n  edgeledger prune --dataset cdn_logs --keep-days 400 --dry-run',
    )
    .action(async (options) => finish(await runPruneCommand(io, options)));
  program
    .command('migrate')
    .description('apply database migrations (warehouse, and queue tables when no Redis is configured)')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  DATABASE_URL=postgres://… edgeledger migrate')
    .action(async (options) => finish(await runMigrateCommand(io, options)));
}

function addServeCommands(program: Command, io: Io, finish: (code: number) => void): void {
  withAddress(program.command('up'), 'scheduler, worker and dashboard in one process')
    .addHelpText('after', '\nExample:\n  IMGIX_API_KEY=… edgeledger up')
    .action(async (options) => finish(await runServeCommand(io, ROLES, options)));
  program
    .command('scheduler')
    .description('the scheduler alone, for containers; one is enough')
    .addHelpText('after', '\nExample:\n  REDIS_URL=redis://… DATABASE_URL=postgres://… edgeledger scheduler')
    .action(async () => finish(await runServeCommand(io, ['scheduler'], {})));
  program
    .command('worker')
    .description('a worker alone, for containers; as many as you like')
    .addHelpText('after', '\nExample:\n  REDIS_URL=redis://… DATABASE_URL=postgres://… edgeledger worker')
    .action(async () => finish(await runServeCommand(io, ['worker'], {})));
  withAddress(program.command('dashboard'), 'the dashboard alone: coverage on /, Bull Board on /queues')
    .addHelpText(
      'after',
      '\nExample:\n  DASHBOARD_USER=… DASHBOARD_PASSWORD=… edgeledger dashboard --host 0.0.0.0',
    )
    .action(async (options) => finish(await runServeCommand(io, ['dashboard'], options)));
}

function withRange(command: Command, description: string): Command {
  return command
    .description(description)
    .option('--source <name>', 'only this source: imgix, akamai, or imgix-<account>')
    .option('--dataset <name...>', 'only these datasets, for example imgix.cdn_logs')
    .option('--from <day>', 'first UTC day, inclusive (default: BACKFILL_DAYS back)')
    .option('--to <day>', 'last UTC day, inclusive (default: yesterday)')
    .option('--json', 'the result as JSON');
}

function withAddress(command: Command, description: string): Command {
  return command
    .description(description)
    .option('--host <host>', 'address the dashboard listens on (default: HOST, 127.0.0.1)')
    .option('--port <port>', 'port the dashboard listens on (default: PORT, 3000)', toPort);
}

function toCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new InvalidArgumentError('Give a whole number from 1 to 64.');
}

function toSeed(text: string): number {
  const seed = Number(text);
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31) return seed;
  throw new InvalidArgumentError('Give a whole number from 0.');
}

function toDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= 90) return days;
  throw new InvalidArgumentError('Give a whole number from 1 to 90, the days that the vendors keep.');
}

function toKeepDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= 36_500) return days;
  throw new InvalidArgumentError('Give a whole number of days, 1 or more.');
}

function toPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('Give a port from 0 (any free one) to 65535.');
}
