import type { OpenedPart } from '@edgeledger/core';

/**
 * Answers that we write ourselves, in the vendor's sectioned text, where the vendor gives none that could be parsed:
 * nothing to read, a refusal that means "in smaller pieces", or pages that are read as one.
 */
export function toEmptyPart(name: string): OpenedPart {
  return toPart(name, text([]));
}

/** The vendor computes no answer of this size (422): parsing it asks for halves. */
export function toTooCostlyPart(name: string): OpenedPart {
  return toPart(name, text([['tooCostly', 'true']]));
}

/** Rows page by page, as one answer whose every row came. */
export function toPagedPart(
  name: string,
  columns: readonly string[],
  pages: AsyncIterable<readonly Readonly<Record<string, unknown>>[]>,
): OpenedPart {
  async function* write(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(
      `#METADATA_START\nhasMoreRows,false\n#METADATA_END\n#COLUMN_START\n${columns.map(toField).join(',')}\n#COLUMN_END\n#DATA_START\n`,
    );
    for await (const page of pages) {
      const lines = page.map((row) => `${columns.map((name) => toField(row[name])).join(',')}\n`);
      yield Buffer.from(lines.join(''));
    }
    yield Buffer.from('#DATA_END\n');
  }
  const bytes = write();
  return { name, bytes, destroy: () => void bytes.return(undefined) };
}

function text(metadata: readonly (readonly [string, string])[]): string {
  const lines = metadata.map(([name, value]) => `${name},${value}\n`).join('');
  return `#METADATA_START\n${lines}#METADATA_END\n#COLUMNS_START\nstartdatetime\n#COLUMNS_END\n#DATA_START\n#DATA_END\n`;
}

function toPart(name: string, content: string): OpenedPart {
  async function* write(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(content);
  }
  return { name, bytes: write(), destroy: () => undefined };
}

function toField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const field = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(field) || field.startsWith('#') ? `"${field.replaceAll('"', '""')}"` : field;
}
