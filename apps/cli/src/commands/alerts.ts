import { ConfigError, DEFAULT_LOST_SOON_DAYS, type SourceCheck } from '@edgeledger/core';
import { openAlertTeller } from '../alerting.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, terminalWidth } from '../io.ts';
import { readSetup, type Services, withServices } from '../services.ts';
import { renderTable } from '../text-table.ts';

/** What a person should act on now, as the ledger says it, whether a webhook is configured or not. */
export async function runAlertsListCommand(io: Io, options: { readonly json?: boolean }): Promise<number> {
  const setup = readSetup(io);
  return withServices(setup, { role: 'alerts' }, async ({ warehouse, config }) => {
    await warehouse.alerts.refresh(io.clock.now(), {
      lostSoonDays: config.alerts?.lostSoonDays ?? DEFAULT_LOST_SOON_DAYS,
    });
    const open = await warehouse.alerts.findOpen();
    if (options.json) printJson(io, open);
    else if (open.length === 0) printLine(io, 'No open alerts.');
    else {
      const header = ['kind', 'account', 'dataset', 'about', 'since', 'told', 'message'];
      const rows = open.map((alert) => [
        alert.kind,
        alert.account,
        alert.dataset,
        alert.reportKey === '' ? alert.subject : alert.reportKey,
        alert.openedAt,
        alert.notifiedAt ?? (alert.attempts > 0 ? 'failed' : 'no'),
        alert.message,
      ]);
      printLine(io, renderTable(header, rows, terminalWidth(io)));
    }
    return EXIT.done;
  });
}

/** Sends a message that says it is a test; the next real one is sent by a tick. */
export async function runAlertsTestCommand(io: Io): Promise<number> {
  const setup = readSetup(io);
  const { alerts } = setup.config;
  if (alerts === undefined) {
    throw new ConfigError(
      'config.missing',
      'No alert webhook is configured. Add `alerts: { webhook: $' +
        '{ALERT_WEBHOOK_URL}, format: slack }` to edgeledger.yaml.',
    );
  }
  return withServices(setup, { role: 'alerts', skipSchema: true }, async (services) => {
    const teller = openAlertTeller(services);
    try {
      await teller?.sendTest();
    } finally {
      await teller?.close();
    }
    printLine(io, `A test message was sent and accepted (${alerts.format}).`);
    return EXIT.done;
  });
}

/** For `doctor`: what is configured and whether deliveries arrive; nothing is sent. */
export async function describeAlerts({ config, warehouse }: Services): Promise<SourceCheck> {
  const { alerts } = config;
  if (alerts === undefined) return { name: 'alerts', state: 'ok', message: 'no webhook is configured' };
  const { hostname } = new URL(alerts.webhook.reveal());
  const configured = `${alerts.format} to ${hostname}; send one with \`edgeledger alerts test\``;
  const { applied, missing } = await warehouse.migrationStatus();
  if (applied === 0 || missing.length > 0) return { name: 'alerts', state: 'ok', message: configured };
  const failing = (await warehouse.alerts.findOpen()).find((alert) => alert.attempts > 0);
  return failing === undefined
    ? { name: 'alerts', state: 'ok', message: configured }
    : { name: 'alerts', state: 'warning', message: failing.lastError ?? configured };
}
