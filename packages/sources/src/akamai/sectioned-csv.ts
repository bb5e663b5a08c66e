import { ContractError, TransientError } from '@edgeledger/core';
import { type CsvRecord, readRecords } from '../csv/record-reader.ts';
import { cleanValue, type ReportAnswer, type Summary, toMetadata } from './report-answer.ts';

/**
 * Reads the sectioned text of the Reporting API as a stream:
 *
 * ```
 * #METADATA_START … #METADATA_END              key,value[,value…]
 * #SUMMARYSTATISTICS_START … _END              metric,value
 * #COLUMNS_START … #COLUMNS_END                names (v2 says #COLUMN_START)
 * #DATA_START … #DATA_END                      records
 * ```
 *
 * Blank lines, CRLF, a BOM, unknown sections and trailing empty fields are tolerated; order follows names. Without
 * `#DATA_END` the answer was cut, whatever the transport said.
 */
export async function readSectionedCsv(
  chunks: AsyncIterable<Uint8Array>,
  what: string,
): Promise<ReportAnswer> {
  const state: SectionState = {
    section: null,
    metadata: new Map(),
    summaries: [],
    columns: [],
    sawEnd: false,
  };
  const batches = readRecords(chunks);
  const rest = await readUntilData(batches, state);
  if (rest === undefined) throw toNoDataError(state, what);
  if (state.columns.length === 0) {
    throw new ContractError(
      'file.header-unknown',
      `${what}: the answer names no columns before its data. Please report it with the file.`,
    );
  }

  async function* records(): AsyncGenerator<readonly CsvRecord[]> {
    let recordCount = 0;
    const toData = (batch: readonly CsvRecord[]) =>
      takeData(batch, state).map((record) => ({ ...record, recordNo: ++recordCount }));
    yield toData(rest ?? []);
    for await (const batch of batches) yield toData(batch);
    if (!state.sawEnd) throw toTruncatedError(what);
  }

  return {
    metadata: toMetadata(state.metadata),
    columns: state.columns,
    records: records(),
    summaries: () => state.summaries,
  };
}

interface SectionState {
  section: string | null;
  readonly metadata: Map<string, string>;
  readonly summaries: Summary[];
  columns: string[];
  sawEnd: boolean;
}

const DATA = 'DATA';

/** What is left of the batch behind `#DATA_START`; `undefined` when there is none. */
async function readUntilData(
  batches: AsyncGenerator<CsvRecord[]>,
  state: SectionState,
): Promise<readonly CsvRecord[] | undefined> {
  for (let step = await batches.next(); step.done !== true; step = await batches.next()) {
    const batch = step.value;
    for (const [index, record] of batch.entries()) {
      readOutsideData(record, state);
      if (state.section === DATA) return batch.slice(index + 1);
    }
  }
  return undefined;
}

/** Records of the data section; what follows it is read like what came before. */
function takeData(batch: readonly CsvRecord[], state: SectionState): CsvRecord[] {
  return batch.filter((record) => {
    if (state.section !== DATA) {
      readOutsideData(record, state);
      return false;
    }
    // other lines that begin with # are data: a client id may look like anything
    if (findMarker(record) !== `${DATA}_END`) return true;
    state.sawEnd = true;
    state.section = null;
    return false;
  });
}

function readOutsideData(record: CsvRecord, state: SectionState): void {
  const marker = findMarker(record);
  if (marker !== undefined) {
    state.section = marker.endsWith('_START') ? marker.slice(0, -'_START'.length) : null;
    return;
  }
  // quoting is not described for these sections: what is no sound CSV is taken as plain text
  const fields = record.fields ?? record.toRaw().split(',');
  const [name = '', value = ''] = fields.map(cleanValue);
  if (name === '') return;
  if (state.section === 'METADATA') state.metadata.set(name, value);
  else if (state.section === 'SUMMARYSTATISTICS')
    state.summaries.push({ metric: name, value, details: '{}' });
  else if (state.section === 'COLUMNS' || state.section === 'COLUMN') {
    state.columns = withoutTrailingBlanks(fields.map(cleanValue));
  }
}

/** `DATA_START` of `#DATA_START`, also with empty fields behind it. */
function findMarker(record: CsvRecord): string | undefined {
  const [first = '', ...others] = record.fields ?? [];
  const match = /^\s*#\s*([A-Z]+_(?:START|END))\s*$/.exec(first);
  return match !== null && others.every((field) => field.trim() === '') ? match[1] : undefined;
}

export function withoutTrailingBlanks(fields: readonly string[]): string[] {
  let length = fields.length;
  while (length > 0 && fields[length - 1] === '') length -= 1;
  return fields.slice(0, length);
}

function toNoDataError(state: SectionState, what: string): Error {
  const sawAnything = state.metadata.size > 0 || state.columns.length > 0 || state.section !== null;
  if (sawAnything) return toTruncatedError(what);
  return new ContractError(
    'file.malformed',
    `${what}: the text has no #DATA_START section, so it is not an answer of the Akamai Reporting API. Check AKAMAI_HOST.`,
  );
}

function toTruncatedError(what: string): TransientError {
  return new TransientError(
    'source.truncated',
    `${what}: the answer ends without #DATA_END, so it was cut. It is asked for again.`,
  );
}
