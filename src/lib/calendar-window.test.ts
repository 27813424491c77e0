import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CalendarSpan, calendarWindow, isTimeZone } from './calendar-window.ts';

const window = (span: CalendarSpan, at: string, zone?: string) => {
  const { startMs, endMs } = calendarWindow(span, Date.parse(at), zone);
  return [new Date(startMs).toISOString(), new Date(endMs).toISOString()];
};

test('windows begin where the calendar says', () => {
  const at = '2026-11-22T21:37:40Z';
  assert.deepEqual(window('hour', at), ['2026-11-22T21:00:00.000Z', '2026-11-22T22:00:00.000Z']);
  assert.deepEqual(window('day', at), ['2026-11-22T00:00:00.000Z', '2026-11-23T00:00:00.000Z']);
  assert.deepEqual(window('week', at), ['2026-11-16T00:00:00.000Z', '2026-11-23T00:00:00.000Z']);
  assert.deepEqual(window('month', at), ['2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z']);
  assert.deepEqual(window('month', '2026-12-31T23:59:59Z')[1], '2027-01-01T00:00:00.000Z');
});

test('a day is that of the time zone, also where the clocks change in it', () => {
  const berlin = 'Europe/Berlin';
  assert.deepEqual(window('day', '2026-11-22T23:30:00Z', berlin), [
    '2026-11-22T23:00:00.000Z',
    '2026-11-23T23:00:00.000Z',
  ]);
  // 29 March has 23 hours there, 25 October 25.
  assert.deepEqual(window('day', '2026-03-29T12:00:00Z', berlin), [
    '2026-03-28T23:00:00.000Z',
    '2026-03-29T22:00:00.000Z',
  ]);
  assert.deepEqual(window('day', '2026-10-25T12:00:00Z', berlin), [
    '2026-10-24T22:00:00.000Z',
    '2026-10-25T23:00:00.000Z',
  ]);
  assert.deepEqual(window('day', '2026-06-01T00:00:00Z', 'Asia/Kathmandu')[0], '2026-05-31T18:15:00.000Z');
});

test('every moment lies in its window, and the next window begins where it ends', () => {
  const span = fc.constantFrom<CalendarSpan>('hour', 'day', 'week', 'month');
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Sydney');
  const at = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) });
  fc.assert(
    fc.property(span, zone, at, (span, zone, atMs) => {
      const { startMs, endMs } = calendarWindow(span, atMs, zone);
      assert.ok(startMs <= atMs && atMs < endMs);
      if (span !== 'hour') assert.equal(calendarWindow(span, endMs, zone).startMs, endMs);
    }),
    { numRuns: 2_000 },
  );
});

test('a zone that does not exist is known not to', () => {
  assert.ok(isTimeZone('Europe/Berlin'));
  assert.ok(!isTimeZone('Europe/Berln'));
});
