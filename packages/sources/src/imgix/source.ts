import {
  ConfigError,
  nextLookAt,
  type Readiness,
  type Source,
  type SourceContext,
  type UnitRef,
} from '@edgeledger/core';
import { createHttpClient } from '@edgeledger/http';
import { type ConfiguredDataset, configureDataset } from '../dataset-settings.ts';
import { type ImgixSourceConfig, type SourceServices, toHttpOptions } from '../source-config.ts';
import { createImgixClient } from './client.ts';
import { IMGIX_DATASETS } from './datasets.ts';
import { discoverUnits, NOT_COMPLETED, NOT_LISTED } from './discover.ts';
import { createFileReader } from './files.ts';
import { parseImgixPart } from './parse.ts';
import {
  assertFewParts,
  createReportLinks,
  isReadable,
  type ReportLinks,
  toListed,
  toPartNames,
} from './report-links.ts';
import { toDueAt, toExpiresAt } from './wait.ts';

/** Downloads at a time; file hosts are not limited like the API is. */
const FILE_CONCURRENCY = 8;
/** Finding a fresh link, and the file itself; reports in many parts are the exception. */
const REQUESTS_PER_UNIT = 2;

export function createImgixSource(config: ImgixSourceConfig, services: SourceServices): Source {
  const configured = configureDatasets(config);
  const client = createImgixClient(config, services);
  const fileHttp = createHttpClient(
    toHttpOptions(services, { rateScope: `imgix/${config.account}`, concurrency: FILE_CONCURRENCY }),
  );
  const links = createReportLinks(client, services.clock);
  const files = createFileReader({ http: fileHttp, links, fileHosts: config.fileHosts });
  const datasets = [...configured.values()].map(({ dataset }) => dataset);

  return {
    vendor: 'imgix',
    account: config.account,
    id: `imgix-${config.account}`,
    datasets,
    hasFiles: true,
    async discover(range, context) {
      const reports = await links.listAll(context.signal);
      const { account, reportTypesExplicit: isExplicit } = config;
      return discoverUnits(reports, { account, datasets, isExplicit, range, ...context });
    },
    check: (unit, context) => checkUnit(unit, getConfigured(configured, unit), { links, context }),
    open: (unit, part, context) => {
      const reportType = getConfigured(configured, unit).dataset.report;
      return files.open({ unit, part, reportType, signal: context.signal, logger: context.logger });
    },
    parse: (unit, part, context) =>
      parseImgixPart(unit, part, context, {
        configured: getConfigured(configured, unit),
        maxInflatedBytes: config.maxInflatedBytes,
      }),
    estimateRequests: (units) => units.length * REQUESTS_PER_UNIT,
    async close() {
      await Promise.all([client.close(), fileHttp.close()]);
    },
  };
}

function configureDatasets(config: ImgixSourceConfig): Map<string, ConfiguredDataset> {
  const configured = new Map<string, ConfiguredDataset>();
  for (const reportType of new Set(config.reportTypes)) {
    const dataset = IMGIX_DATASETS.find((candidate) => candidate.report === reportType);
    if (dataset === undefined) {
      const known = IMGIX_DATASETS.map(({ report }) => report).join(', ');
      throw new ConfigError(
        'config.unknown-report',
        `imgix has no report "${reportType}". Known reports: ${known}. Check IMGIX_REPORT_TYPES.`,
      );
    }
    configured.set(dataset.name, configureDataset(dataset, config.datasets?.[reportType]));
  }
  return configured;
}

function getConfigured(configured: ReadonlyMap<string, ConfiguredDataset>, unit: UnitRef): ConfiguredDataset {
  const found = configured.get(unit.dataset);
  if (found !== undefined) return found;
  throw new ConfigError(
    'config.unknown-dataset',
    `${unit.dataset} is not enabled for this imgix account; enabled are ${[...configured.keys()].join(', ')}.`,
  );
}

async function checkUnit(
  unit: UnitRef,
  { dataset }: ConfiguredDataset,
  { links, context }: { readonly links: ReportLinks; readonly context: SourceContext },
): Promise<Readiness> {
  const { now, signal } = context;
  const report = await links.findReport(unit, dataset.report, signal);
  if (report !== undefined && isReadable(report)) {
    assertFewParts(report, unit.reportKey);
    const { vendorReportId, revision } = toListed(report);
    const parts = toPartNames(report).map((name) => ({ name }));
    return { kind: 'ready', parts, vendorReportId, revision, independentParts: true };
  }
  const expiresAt = toExpiresAt(unit.period, dataset.retentionDays);
  if (now >= expiresAt) {
    return { kind: 'gone', reason: `imgix kept ${unit.reportKey} until ${expiresAt.toISOString()}.` };
  }
  return {
    kind: 'waiting',
    until: nextLookAt(toDueAt(unit.period), now),
    reason: report === undefined ? NOT_LISTED : NOT_COMPLETED,
  };
}
