import {
  type ExpectedUnit,
  type ParsedColumn,
  type PartFacts,
  type PartRef,
  type Reject,
  type Row,
  type Source,
  type SourceContext,
  silentLogger,
  type UnitRef,
} from '@edgeledger/core';

/** Everything one part gave. */
export interface ReadPart {
  readonly name: string;
  readonly columns: readonly ParsedColumn[];
  readonly header: readonly string[];
  readonly rows: readonly Row[];
  readonly rejects: readonly Reject[];
  readonly facts: PartFacts;
}

export function contextAt(now: Date): SourceContext {
  return { now, signal: AbortSignal.timeout(15_000), logger: silentLogger };
}

export async function readPart(
  source: Source,
  unit: UnitRef,
  part: PartRef,
  context: SourceContext & { readonly header?: readonly string[] },
): Promise<ReadPart> {
  const parsed = await source.parse(unit, await source.open(unit, part, context), context);
  const rows: Row[] = [];
  const rejects: Reject[] = [];
  for await (const batch of parsed.batches) {
    rows.push(...batch.rows);
    rejects.push(...batch.rejects);
  }
  const { columns, header } = parsed;
  return { name: part.name, columns, header, rows, rejects, facts: parsed.facts() };
}

/** Reads a unit like the pipeline does: parts in order, halves of cut answers instead of the answer. */
export async function readUnit(source: Source, unit: UnitRef, context: SourceContext): Promise<ReadPart[]> {
  const readiness = await source.check(unit, context);
  if (readiness.kind !== 'ready')
    throw new Error(`${unit.reportKey} is ${readiness.kind}: ${readiness.reason}`);
  const pending = [...readiness.parts];
  const parts: ReadPart[] = [];
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    const header = parts[0]?.header;
    const read = await readPart(source, unit, part, header === undefined ? context : { ...context, header });
    if (read.facts.splitInto === undefined) parts.push(read);
    else pending.unshift(...read.facts.splitInto);
  }
  return parts;
}

/** Rows as objects by column name. */
export function toRecords(part: ReadPart): Record<string, string | null>[] {
  return part.rows.map((row) =>
    Object.fromEntries(part.columns.map(({ name }, index) => [name, row.values[index] ?? null])),
  );
}

export function getUnit(units: readonly ExpectedUnit[], reportKey: string): ExpectedUnit {
  const found = units.find((unit) => unit.reportKey === reportKey);
  if (found === undefined)
    throw new Error(`no unit ${reportKey} among ${units.map((unit) => unit.reportKey)}`);
  return found;
}
