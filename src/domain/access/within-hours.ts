/** Times of the week by somebody's wall clock: whether a moment lies in them. */

import type { Hours } from '../../contracts/caller.ts';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const MINUTE_MS = 60_000;

/** Throws RangeError for a time zone that is not known. What is asked again within the same minute is not worked out anew. */
export function compileHours(hours: readonly Hours[]): (atMs: number) => boolean {
  const spans = hours.map(compileSpan);
  let minute = Number.NaN;
  let isWithin = false;
  return (atMs) => {
    const asked = Math.floor(atMs / MINUTE_MS);
    if (asked !== minute) {
      isWithin = spans.some((holds) => holds(atMs));
      minute = asked;
    }
    return isWithin;
  };
}

/** The days are those on which it begins: `fri 22:00-06:00` ends on Saturday. `from` equal to `to` is a whole day. */
function compileSpan({ days, from, to, timeZone }: Hours): (atMs: number) => boolean {
  const clock = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, hourCycle: 'h23', weekday: 'short', hour: '2-digit', minute: '2-digit' },
  });
  const begins = DAYS.map((day) => days?.includes(day) ?? true);
  const start = minuteOf(from);
  const end = minuteOf(to);
  return (atMs) => {
    const parts = clock.formatToParts(atMs);
    const partOf = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
    const day = DAYS.findIndex((each) => partOf('weekday').toLowerCase().startsWith(each));
    const now = Number(partOf('hour')) * 60 + Number(partOf('minute'));
    const today = begins[day] === true;
    if (start < end) return today && now >= start && now < end;
    return (today && now >= start) || (begins[(day + 6) % 7] === true && now < end);
  };
}

function minuteOf(text: string): number {
  const [hour, minute] = text.split(':');
  return Number(hour) * 60 + Number(minute);
}

/** As a person writes it: `mon,fri 08:00-18:00 Europe/Berlin`. */
export function renderHours({ days, from, to, timeZone }: Hours): string {
  return `${days === undefined ? '' : `${days.join(',')} `}${from}-${to} ${timeZone}`;
}
