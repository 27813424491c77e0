import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hours } from '../../contracts/caller.ts';
import { compileHours } from './within-hours.ts';

const at = (moment: string, ...hours: Hours[]): boolean => compileHours(hours)(Date.parse(moment));
const office: Hours = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '08:00',
  to: '18:00',
  timeZone: 'Europe/Berlin',
};

test('hours begin at their first minute and end before their last, by the clock of their zone', () => {
  // Monday, 2026-11-23; Berlin is an hour ahead of UTC.
  assert.ok(!at('2026-11-23T06:59:59Z', office));
  assert.ok(at('2026-11-23T07:00:00Z', office));
  assert.ok(at('2026-11-23T16:59:59Z', office));
  assert.ok(!at('2026-11-23T17:00:00Z', office));
  assert.ok(!at('2026-11-22T12:00:00Z', office), 'a Sunday');
});

test('hours over midnight belong to the day they begin on', () => {
  const night: Hours = { days: ['fri'], from: '22:00', to: '06:00', timeZone: 'UTC' };
  assert.ok(at('2026-11-27T22:00:00Z', night));
  assert.ok(at('2026-11-28T05:59:00Z', night));
  assert.ok(!at('2026-11-28T06:00:00Z', night));
  assert.ok(!at('2026-11-27T05:00:00Z', night), 'the morning of the Friday');
  assert.ok(!at('2026-11-28T22:00:00Z', night));
  const sunday: Hours = { ...night, days: ['sun'] };
  assert.ok(at('2026-11-23T05:00:00Z', sunday), 'Monday morning follows Sunday');
});

test('on days when the clocks change the clock on the wall counts', () => {
  // 2026-03-29: 02:00 becomes 03:00. 2026-10-25: 03:00 becomes 02:00 again.
  const early: Hours = { from: '02:00', to: '03:30', timeZone: 'Europe/Berlin' };
  assert.ok(!at('2026-03-29T00:59:00Z', early), '01:59');
  assert.ok(at('2026-03-29T01:00:00Z', early), '03:00, as there is no 02:00');
  assert.ok(!at('2026-03-29T01:30:00Z', early), '03:30');
  assert.ok(at('2026-10-25T00:30:00Z', early), '02:30 for the first time');
  assert.ok(at('2026-10-25T01:30:00Z', early), '02:30 for the second time');
  assert.ok(!at('2026-10-25T02:30:00Z', early), '03:30');
});

test('a day may end at 24:00, and any of several hours will do', () => {
  const late: Hours = { from: '23:00', to: '24:00', timeZone: 'UTC' };
  assert.ok(at('2026-11-23T23:59:59Z', late));
  assert.ok(!at('2026-11-23T00:00:00Z', late));
  assert.ok(at('2026-11-23T23:30:00Z', office, late));
});

test('an answer is good for its minute only', () => {
  const isWithin = compileHours([office]);
  assert.ok(!isWithin(Date.parse('2026-11-23T06:59:59Z')));
  assert.ok(isWithin(Date.parse('2026-11-23T07:00:00Z')));
  assert.ok(!isWithin(Date.parse('2026-11-23T06:59:00Z')));
});
