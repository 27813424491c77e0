import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoment } from './parse-moment.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

test('spans reach back or forward, dates stand for themselves', () => {
  assert.equal(parseMoment('1h', NOW, -1), NOW - 3_600_000);
  assert.equal(parseMoment('30d', NOW, 1), NOW + 30 * 86_400_000);
  assert.equal(parseMoment('2027-01-31', NOW, 1), Date.parse('2027-01-31T00:00:00Z'));
  assert.equal(parseMoment('2026-11-22T10:00:00Z', NOW, -1), Date.parse('2026-11-22T10:00:00Z'));
});

test('what is no moment is none, rather than a wrong one', () => {
  for (const text of ['', 'soon', '1', '-1h', '1y', '999999999w', '2026-13-40', '5']) {
    assert.equal(parseMoment(text, NOW, 1), undefined, text);
  }
});
