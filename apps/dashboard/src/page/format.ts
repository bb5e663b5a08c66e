/** 1234567 as `1,234,567`; exact, also beyond 2^53. */
export function formatCount(count: string | number | bigint): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function formatBytes(bytes: string | number): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** `2026-11-20 04:05` in UTC. */
export function formatInstant(instant: Date | null): string {
  return instant === null ? '–' : instant.toISOString().slice(0, 16).replace('T', ' ');
}

/** How long ago, in the largest unit that says enough. */
export function formatAge(instant: Date, now: Date): string {
  const minutes = Math.max(0, Math.floor((now.getTime() - instant.getTime()) / 60_000));
  if (minutes < 1) return 'just now';
  if (minutes < 120) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}

export function formatDuration(from: Date, to: Date): string {
  const seconds = Math.max(0, (to.getTime() - from.getTime()) / 1000);
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

/** Whole days that remain, rounded down: a promise of time must not be too long. */
export function formatDaysLeft(days: number): string {
  const whole = Math.max(0, Math.floor(days));
  return `${whole} ${whole === 1 ? 'day' : 'days'}`;
}

/** `in 3 h`, `5 min ago`. */
export function formatDistance(instant: Date, now: Date): string {
  if (instant <= now) return formatAge(instant, now);
  const text = formatAge(new Date(2 * now.getTime() - instant.getTime()), now);
  return text === 'just now' ? 'in a moment' : `in ${text.replace(/ ago$/, '')}`;
}

/** `2026-11-20 04:05 UTC, in 3 h`. */
export function formatMoment(instant: Date, now: Date): string {
  return `${formatInstant(instant)} UTC, ${formatDistance(instant, now)}`;
}

/** A period as days where it is days: `2026-11-20`, else `2026-11-20 06:00 to 12:00`. */
export function formatPeriod(period: { readonly start: Date; readonly end: Date }): string {
  const [start, end] = [formatInstant(period.start), formatInstant(period.end)];
  const isDay = start.endsWith('00:00') && period.end.getTime() - period.start.getTime() === 86_400_000;
  if (isDay) return start.slice(0, 10);
  return start.slice(0, 10) === end.slice(0, 10) ? `${start} to ${end.slice(11)}` : `${start} to ${end}`;
}

/** 1234.5 as `1,235`, 1.234 as `1.23`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** For axes: 1,200,000 as `1.2 M`. */
export function formatShort(value: number): string {
  for (const [size, unit] of [
    [1e12, ' T'],
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ] as const) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${unit}`;
  }
  return String(Number(value.toPrecision(3)));
}
