import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseUtcDay, silentLogger, systemClock } from '@edgeledger/core';
import { runUnit } from '@edgeledger/pipeline';
import { createFileSource, findDataset } from '@edgeledger/sources';
import { createWarehouse } from '@edgeledger/warehouse';

/*
 * Our way, as a process of its own: `load-report.ts load|two|stage <url> <dataset> <report key> <account> …files`.
 * `two` begins the load, lets two more processes stage the parts, and publishes.
 */

const [, , mode = '', url = '', dataset = '', reportKey = '', account = '', ...rest] = process.argv;
const known = findDataset(dataset);
if (known === undefined) throw new Error(`There is no dataset ${dataset}.`);
const files = mode === 'stage' ? rest.slice(2) : rest;
await using warehouse = await createWarehouse({ connectionString: url });
const source = createFileSource({ dataset: known, reportKey, account, files });
const run = { signal: new AbortController().signal };
const context = { now: new Date(), signal: run.signal, logger: silentLogger };
const day = parseUtcDay('2026-11-20', 'the day');
const [unit] = await source.discover({ from: day, to: day }, context);
const ready = unit === undefined ? undefined : await source.check(unit, context);
if (unit === undefined || ready?.kind !== 'ready') throw new Error('The report cannot be read.');

if (mode === 'stage') {
  const [loadId = '', share = ''] = rest;
  const load = await warehouse.loader.resume(loadId, known);
  for (const [index, part] of ready.parts.entries()) {
    if (index % 2 !== Number(share)) continue;
    const parsed = await source.parse(unit, await source.open(unit, part, context), context);
    await load.stagePart(index + 1, part.name, parsed);
  }
} else if (mode === 'two') {
  const load = await warehouse.loader.begin(unit, known);
  const shares = [0, 1].map((share) => {
    const script = [
      import.meta.filename,
      'stage',
      url,
      dataset,
      reportKey,
      account,
      load.loadId,
      String(share),
    ];
    return once(
      spawn(process.execPath, [...process.execArgv, ...script, ...files], { stdio: 'inherit' }),
      'exit',
    );
  });
  for (const [code] of await Promise.all(shares)) if (code !== 0) throw new Error('A worker failed.');
  await load.publish({
    now: context.now,
    vendorReportId: null,
    revision: null,
    companions: [],
    findings: [],
    availableAt: null,
    isSettled: () => true,
    nextCheckAt: null,
  });
} else {
  const { ledger, loader } = warehouse;
  await runUnit(unit, { source, ledger, loader, clock: systemClock, logger: silentLogger }, run);
}
