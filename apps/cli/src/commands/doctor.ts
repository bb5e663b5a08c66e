import { type SourceCheck, toShownText } from '@edgeledger/core';
import { checkSource } from '../check-sources.ts';
import { checkArchive, checkDashboard, checkQueue, checkWarehouse, probe } from '../check-stores.ts';
import { withDemoVendors } from '../demo-vendors.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, terminalWidth } from '../io.ts';
import { openSources, readSetup, type Setup, withServices } from '../services.ts';
import { createPaint, type Style } from '../style.ts';
import { wrapText } from '../wrap-text.ts';
import { describeAlerts } from './alerts.ts';

export interface DoctorOptions {
  readonly json?: boolean;
}

const SIGNS: Readonly<Record<SourceCheck['state'], readonly [text: string, style: Style]>> = {
  ok: ['ok      ', 'green'],
  warning: ['warning ', 'yellow'],
  failed: ['failed  ', 'red'],
  invalid: ['failed  ', 'red'],
};

/** One line for everything that has to be right before reports can be loaded, with what to do where it is not. */
export async function runDoctorCommand(io: Io, options: DoctorOptions): Promise<number> {
  await using vendors = await withDemoVendors(readSetup(io), { servesPages: false });
  const { setup } = vendors;
  const checks: SourceCheck[] = [toConfigurationCheck(setup)];
  await probe('postgres', () =>
    withServices(setup, { role: 'doctor', skipSchema: true }, async (services) => {
      checks.push(...(await probe('postgres', () => checkWarehouse(services))));
      checks.push(...(await probe('queue', () => checkQueue(services))));
      checks.push(...(await probe('alerts', async () => [await describeAlerts(services)])));
      return [];
    }),
  ).then((failed) => checks.push(...failed));
  checks.push(...(await probe('archive', async () => [await checkArchive(setup)])));
  checks.push(checkDashboard(setup));
  checks.push(...(await probe('sources', () => checkVendors(setup))));
  if (options.json) printJson(io, { checks });
  else for (const check of checks) printCheck(io, check, setup);
  const isSound = checks.every((check) => check.state === 'ok' || check.state === 'warning');
  return isSound ? EXIT.done : EXIT.configuration;
}

function toConfigurationCheck({ config: { configFile, sources } }: Setup): SourceCheck {
  const names = sources.map((source) => `${source.vendor} (${source.account})`).join(', ');
  const message = `${configFile ?? 'environment only'}; sources: ${names || 'none'}`;
  return { name: 'configuration', state: 'ok', message };
}

/** On a terminal, long advice goes on below its sign; elsewhere a check is one line. */
function printCheck(io: Io, { name, state, message }: SourceCheck, { config }: Setup): void {
  const [sign, style] = SIGNS[state];
  const text = toShownText(`${name}: ${message}`);
  const lines = io.stdout.isTTY === true ? wrapText(text, terminalWidth(io) - sign.length) : [text];
  const paint = createPaint(io, config.isColorWanted);
  const indent = `\n${' '.repeat(sign.length)}`;
  printLine(io, `${paint(sign, style)}${lines.join(indent)}`);
}

async function checkVendors(setup: Setup): Promise<SourceCheck[]> {
  const checks: SourceCheck[] = [];
  for (const source of openSources(setup)) {
    const found = await checkSource(source, setup);
    checks.push(...found.map((check) => ({ ...check, name: `${source.id}, ${check.name}` })));
    await source.close();
  }
  return checks;
}
