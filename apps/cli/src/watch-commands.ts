import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from './io.ts';
import { lazily } from './lazily.ts';

const runAlertsListCommand = lazily(async () => (await import('./commands/alerts.ts')).runAlertsListCommand);
const runAlertsTestCommand = lazily(async () => (await import('./commands/alerts.ts')).runAlertsTestCommand);
const runRejectsListCommand = lazily(
  async () => (await import('./commands/rejects.ts')).runRejectsListCommand,
);
const runRejectsRetryCommand = lazily(
  async () => (await import('./commands/rejects.ts')).runRejectsRetryCommand,
);

export interface CommandContext {
  readonly io: Io;
  readonly finish: (code: number) => void;
  /** Adds the options of commands that choose sources, datasets and days. */
  readonly withRange: (command: Command, description: string) => Command;
}

/** Commands about what needs a person: records that were refused, and alerts. */
export function addWatchCommands(program: Command, context: CommandContext): void {
  addRejectsCommands(program, context);
  addAlertsCommands(program, context);
}

function addRejectsCommands(program: Command, { io, finish, withRange }: CommandContext): void {
  const rejects = program
    .command('rejects')
    .description('records that could not be accepted: where they stand, why, and their raw text')
    .addHelpText('after', '\nExamples:\n  edgeledger rejects\n  edgeledger rejects retry');
  withRange(
    rejects.command('list', { isDefault: true }),
    'list them by report, part and line (all days unless --from or --to is given)',
  )
    .argument('[report_key...]', 'only these reports')
    .option('--code <code...>', 'only these kinds, for example type-mismatch')
    .option('--limit <n>', 'how many to show', toLimit, 50)
    .addHelpText(
      'after',
      '\nExamples:\n  edgeledger rejects\n  edgeledger rejects list cdn_logs_20261120 --json\n  edgeledger rejects list --dataset cdn_logs --code type-mismatch --limit 500',
    )
    .action(async (keys: string[], options) => finish(await runRejectsListCommand(io, keys, options)));
  withRange(
    rejects.command('retry'),
    'load the reports that have rejects again, for example after the column mapping was corrected',
  )
    .argument('[report_key...]', 'only these reports')
    .option('--code <code...>', 'only reports with rejects of these kinds')
    .addOption(
      new Option('--from-archive', 'only from the raw archive: no vendor call is made').conflicts(
        'fromVendor',
      ),
    )
    .option('--from-vendor', 'only from the vendor, whatever the archive has')
    .addHelpText(
      'after',
      '\nExamples:\n  edgeledger rejects retry\n  edgeledger rejects retry cdn_logs_20261120 --from-archive',
    )
    .action(async (keys: string[], options) => finish(await runRejectsRetryCommand(io, keys, options)));
}

function addAlertsCommands(program: Command, { io, finish }: CommandContext): void {
  const alerts = program
    .command('alerts')
    .description('what needs a person: failed, late, lost or held back reports, new columns')
    .addHelpText('after', '\nExamples:\n  edgeledger alerts\n  edgeledger alerts test');
  alerts
    .command('list', { isDefault: true })
    .description('open alerts, the oldest first')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  edgeledger alerts\n  edgeledger alerts list --json')
    .action(async (options) => finish(await runAlertsListCommand(io, options)));
  alerts
    .command('test')
    .description('send a test message to the webhook of edgeledger.yaml')
    .addHelpText('after', '\nExample:\n  edgeledger alerts test')
    .action(async () => finish(await runAlertsTestCommand(io)));
}

function toLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 100_000) return limit;
  throw new InvalidArgumentError('Give a whole number from 1 to 100000.');
}
