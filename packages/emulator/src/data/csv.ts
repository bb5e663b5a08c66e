/**
 * CSV after RFC 4180, except that lines end with LF: imgix documents no dialect, and LF is what its
 * ecosystem writes. A field is quoted only where it must be.
 */
export function toCsvLine(fields: readonly string[]): string {
  let line = '';
  for (let index = 0; index < fields.length; index += 1) {
    if (index > 0) line += ',';
    line += toCsvField(fields[index] ?? '');
  }
  return `${line}\n`;
}

function toCsvField(field: string): string {
  for (let index = 0; index < field.length; index += 1) {
    const code = field.charCodeAt(index);
    // quote, comma, LF, CR
    if (code === 34 || code === 44 || code === 10 || code === 13) return `"${field.replaceAll('"', '""')}"`;
  }
  return field;
}
