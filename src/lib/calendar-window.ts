/** Windows of the calendar in a time zone: the hour, day, week or month a moment lies in. */

export type CalendarSpan = 'hour' | 'day' | 'week' | 'month';

export interface CalendarWindow {
  readonly startMs: number;
  /** Exclusive: where the next one starts. */
  readonly endMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Throws RangeError for a time zone that is not known. Not for hot paths: a window is kept until it ends. */
export function calendarWindow(span: CalendarSpan, atMs: number, timeZone = 'UTC'): CalendarWindow {
  const offsetAt = createOffset(timeZone);
  /** The wall clock of the zone, as if it were UTC. */
  const local = atMs + offsetAt(atMs);
  const [startLocal, endLocal] = localWindow(span, local);
  const startMs = toUtc(startLocal, offsetAt);
  const endMs = toUtc(endLocal, offsetAt);
  // Where the clocks go back, an hour of the wall happens twice: it is one window, and holds both.
  return { startMs: Math.min(startMs, atMs), endMs: Math.max(endMs, atMs + 1) };
}

/** The window that never ends. */
export const ALWAYS: CalendarWindow = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

/** The window a moment lies in. */
export function spanWindow(
  span:
    | { readonly type: 'calendar'; readonly per: CalendarSpan; readonly timeZone: string }
    | { readonly type: 'total' },
  atMs: number,
): CalendarWindow {
  return span.type === 'total' ? ALWAYS : calendarWindow(span.per, atMs, span.timeZone);
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function localWindow(span: CalendarSpan, local: number): readonly [number, number] {
  const date = new Date(local);
  const day = Math.floor(local / DAY_MS) * DAY_MS;
  switch (span) {
    case 'hour': {
      const hour = Math.floor(local / HOUR_MS) * HOUR_MS;
      return [hour, hour + HOUR_MS];
    }
    case 'day':
      return [day, day + DAY_MS];
    case 'week': {
      const monday = day - ((date.getUTCDay() + 6) % 7) * DAY_MS;
      return [monday, monday + 7 * DAY_MS];
    }
    case 'month':
      return [
        Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1),
        Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1),
      ];
  }
}

type OffsetAt = (atMs: number) => number;

/** Milliseconds that the wall clock is ahead of UTC. */
function createOffset(timeZone: string): OffsetAt {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  return (atMs) => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wall - Math.floor(atMs / 1_000) * 1_000;
  };
}

/** The moment a wall clock shows this. One that is left out (clocks going forward) is the moment of the change. */
function toUtc(local: number, offsetAt: OffsetAt): number {
  return local - offsetAt(local - offsetAt(local));
}
