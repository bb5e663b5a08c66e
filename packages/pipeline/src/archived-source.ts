import {
  type Archive,
  type ArchiveEntry,
  ContractError,
  InvariantError,
  type Ledger,
  type OpenedPart,
  type Reading,
  type Source,
  type UnitKey,
} from '@edgeledger/core';

/** The source, keeping every file that is opened: as it streams, so that nothing is downloaded twice. */
export function withArchive(source: Source, archive: Archive): Source {
  if (source.hasFiles !== true) return source;
  return {
    ...source,
    async open(unit, part, context) {
      const opened = await source.open(unit, part, context);
      const bytes = keepBytes(opened, unit, archive);
      return {
        ...opened,
        bytes,
        destroy() {
          opened.destroy();
          // whoever stopped reading in the middle does not come back for what was kept so far
          void bytes.return(undefined).catch(() => undefined);
        },
      };
    },
  };
}

/**
 * What reads the bytes learns of their end only after they are kept: so no part is staged that the archive lacks. A
 * download that breaks off leaves nothing.
 */
async function* keepBytes(opened: OpenedPart, unit: UnitKey, archive: Archive): AsyncGenerator<Uint8Array> {
  let entry: ArchiveEntry | undefined;
  try {
    entry = await archive.begin(unit);
    for await (const chunk of opened.bytes) {
      await entry.write(chunk);
      yield chunk;
    }
    await entry.commit();
  } finally {
    await entry?.discard();
  }
}

/** A reading of the unit whose files are all in the archive; undefined when there is none. */
export async function findArchivedReading(
  unit: UnitKey,
  ledger: Ledger,
  archive: Archive,
): Promise<Reading | undefined> {
  const reading = await ledger.findReading(unit);
  if (reading === undefined || reading.parts.length === 0) return undefined;
  for (const { sha256 } of reading.parts) {
    if (!(await archive.has(unit, sha256))) return undefined;
  }
  return reading;
}

/** The source, reading from the archive what it read before. The vendor is never asked. */
export function createArchivedSource(source: Source, ledger: Ledger, archive: Archive): Source {
  const getReading = async (unit: UnitKey): Promise<Reading> => {
    const reading = await findArchivedReading(unit, ledger, archive);
    if (reading !== undefined) return reading;
    throw new ContractError(
      'archive.missing',
      `The archive does not have ${unit.reportKey} of ${unit.dataset} as a whole. Replay it from the vendor with --from-vendor.`,
    );
  };
  return {
    ...source,
    discover: async () => [],
    async check(unit) {
      const { parts, vendorReportId, revision } = await getReading(unit);
      return {
        kind: 'ready',
        parts: parts.map(({ name }) => ({ name })),
        vendorReportId,
        revision,
        independentParts: true,
      };
    },
    async open(unit, part, context) {
      const { parts } = await getReading(unit);
      const found = parts.find(({ name }) => name === part.name);
      if (found === undefined) throw new InvariantError(`${unit.reportKey} was not read from ${part.name}.`);
      const bytes = await archive.open(unit, found.sha256, context.signal);
      return { name: part.name, bytes, hash: async () => found.sha256, destroy: () => undefined };
    },
    estimateRequests: () => 0,
  };
}
