import { DAY_MS, HOUR_MS, MINUTE_MS, type PartRef, type Period, type RateLane } from '@edgeledger/core';

/** A part of an Akamai unit: a sub-window, of one object id when the stream splits by object. */
export interface AkamaiWindow extends Period {
  /** Blank: all objects of the stream together. */
  readonly objectId: string;
  /** Cut out of a longer window, with another part behind it: its end is not where the data ends. */
  readonly isInner: boolean;
  /** v2: asked asynchronously, because the synchronous answer cannot hold it. */
  readonly isAsync?: boolean;
}

export const FIVE_MINUTES_MS = 5 * MINUTE_MS;

const PART_NAME =
  /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)\/(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)(~)?(@async)?(?:#([\s\S]*))?$/;

/** `2026-11-20T00:00:00Z/2026-11-21T00:00:00Z`, with `~` when it is inner, `@async` and `#<objectId>` when there is one. */
export function toPartRef(window: AkamaiWindow): PartRef {
  const name = `${toSecondText(window.start)}/${toSecondText(window.end)}${window.isInner ? '~' : ''}${window.isAsync === true ? '@async' : ''}`;
  return { name: window.objectId === '' ? name : `${name}#${window.objectId}` };
}

/** `undefined` for names that are no window: a file that a person saved. */
export function findWindow(part: PartRef): AkamaiWindow | undefined {
  const match = PART_NAME.exec(part.name);
  if (match === null) return undefined;
  const [, start = '', end = '', inner, asynchronous, objectId = ''] = match;
  return {
    start: new Date(start),
    end: new Date(end),
    objectId,
    isInner: inner !== undefined,
    ...(asynchronous === undefined ? {} : { isAsync: true }),
  };
}

/** `YYYY-MM-DDTHH:MM:SSZ`: whole seconds and `Z`, because answers repeat the zone that was sent. */
export function toSecondText(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}

export function floorTo(instant: Date, stepMs: number): Date {
  return new Date(Math.floor(instant.getTime() / stepMs) * stepMs);
}

/** What of a unit's period can be asked for now: both ends on the report's steps, nothing that lies ahead. */
export function toAskableWindow(period: Period, now: Date, stepMs: number = FIVE_MINUTES_MS): Period {
  const end = Math.min(period.end.getTime(), floorTo(now, stepMs).getTime());
  return { start: period.start, end: new Date(end) };
}

/**
 * Two halves, cut on five minutes as long as both can be, then on whole seconds. `undefined` for one second, which
 * is as fine as the report's timestamps are.
 */
export function splitWindow(window: AkamaiWindow): readonly [AkamaiWindow, AkamaiWindow] | undefined {
  const lengthMs = window.end.getTime() - window.start.getTime();
  if (lengthMs <= 1000) return undefined;
  const stepMs = lengthMs >= 2 * FIVE_MINUTES_MS ? FIVE_MINUTES_MS : 1000;
  const middle = window.start.getTime() + Math.max(stepMs, Math.floor(lengthMs / 2 / stepMs) * stepMs);
  const at = new Date(middle);
  return [
    { ...window, end: at, isInner: true },
    { ...window, start: at },
  ];
}

/** How long after a period its values may still change: a few hours by Akamai's guide, with a margin. */
export const SETTLES_AFTER_MS = 48 * HOUR_MS;

/** What is younger than this is what people wait for; what is older leaves it the rate budget's reserve. */
const LIVE_MS = 2 * DAY_MS;

export function toLane(window: Period, now: Date): RateLane {
  return window.end.getTime() > now.getTime() - LIVE_MS ? 'live' : 'backfill';
}
