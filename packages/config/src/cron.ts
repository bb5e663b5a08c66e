import type { Check } from './values.ts';

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, words: MONTHS },
  { name: 'day of week', min: 0, max: 7, words: WEEKDAYS },
];

function toNumber(text: string, field: Field): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const index = field.words?.indexOf(text.toLowerCase()) ?? -1;
  return index === -1 ? Number.NaN : index + field.min;
}

/** `*`, `5`, `1-5`, each with an optional `/step`. */
function isRange(text: string, field: Field): boolean {
  const [range = '', step, ...more] = text.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d?$/.test(step))) return false;
  if (range === '*') return true;
  const ends = range.split('-').map((end) => toNumber(end, field));
  const [from = Number.NaN, to = from] = ends;
  return ends.length <= 2 && from >= field.min && to <= field.max && from <= to;
}

/** A cron pattern of five fields, so that a wrong one is found at start and not when it should have fired. */
export const checkCron: Check<string> = (text) => {
  const parts = text.trim().split(/\s+/);
  const wrong = FIELDS.find((field, index) => {
    const part = parts[index] ?? '';
    return !part.split(',').every((range) => isRange(range, field));
  });
  if (parts.length === FIELDS.length && wrong === undefined) return { ok: true, value: parts.join(' ') };
  const reason = parts.length === FIELDS.length && wrong !== undefined ? ` (see the ${wrong.name})` : '';
  return {
    ok: false,
    sentence: `is not a cron pattern${reason}. Give minute, hour, day of month, month, day of week: "5 4 * * *".`,
  };
};
