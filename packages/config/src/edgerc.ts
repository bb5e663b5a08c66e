/**
 * Akamai's `.edgerc`: an INI file with one credential a section. The rules are those of Akamai's own readers
 * (AkamaiOPEN-edgegrid-node `edgerc.js`, AkamaiOPEN-edgegrid-python): `;` and `#` begin a comment at the start of
 * a line, `;` also after a value; a value with `;` in it is put in quotes; dashes in keys are underscores.
 */
export type EdgercSections = ReadonlyMap<string, ReadonlyMap<string, string>>;

function readValue(text: string): string {
  const quote = text[0];
  if (quote === '"' || quote === "'") {
    const end = text.indexOf(quote, 1);
    if (end !== -1) return text.slice(1, end);
  }
  return (text.split(';')[0] ?? '').trim();
}

export function parseEdgerc(text: string): EdgercSections {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const rawLine of text.split(/\r?\n/)) {
    const line = rawLine.trim();
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue;
    const section = /^\[([^\]]+)\]/.exec(line)?.[1]?.trim();
    if (section !== undefined) {
      current = sections.get(section) ?? new Map();
      sections.set(section, current);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals === -1 || current === undefined) continue;
    const key = line.slice(0, equals).trim().toLowerCase().replaceAll('-', '_');
    current.set(key, readValue(line.slice(equals + 1).trim()));
  }
  return sections;
}
