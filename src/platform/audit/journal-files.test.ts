import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { segmentName } from './journal.ts';
import { journalBytes, listSegments, withUnlisted } from './journal-files.ts';
import { freshDir } from './testing/fresh-dir.ts';

test('a journal is as large as its segments; one whose folder is gone is measured without harm', (t) => {
  const dir = join(freshDir(t), 'journal');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'a-1.jsonl'), 'x'.repeat(100));
  writeFileSync(join(dir, 'b-1.jsonl'), 'x'.repeat(50));
  writeFileSync(join(dir, 'lock'), 'x'.repeat(7));
  assert.equal(journalBytes(dir), 150);
  rmSync(dir, { recursive: true });
  assert.equal(journalBytes(dir), 0);
});

test('segments that a listing left out, though they are older than one it gave, are put in; those that are gone are not', () => {
  const names = (...numbers: number[]): string[] => numbers.map((number) => segmentName('r', number));
  // 1 to 3 were folded and removed; 5 and 7 to 9 were begun while the folder was listed.
  const there = new Set(names(4, 5, 6, 7, 8, 9, 10));
  const exists = (name: string): boolean => there.has(name);
  assert.deepEqual(withUnlisted(names(10, 4, 6), exists), names(4, 5, 6, 7, 8, 9, 10));
  assert.deepEqual(withUnlisted(names(6), exists), names(4, 5, 6));
  assert.deepEqual(withUnlisted(names(3, 6), exists), names(3, 4, 5, 6));
  assert.deepEqual(withUnlisted([], exists), []);
  assert.deepEqual(withUnlisted(names(1, 2), exists), names(1, 2));
});

test('segments are listed in the order of their numbers, also past a million, and of one run only', (t) => {
  const dir = freshDir(t);
  for (const [run, number] of [
    ['r', 1_000_000],
    ['r', 999_999],
    ['s', 1],
    ['r2', 7],
  ] as const)
    writeFileSync(join(dir, segmentName(run, number)), '');
  writeFileSync(join(dir, 'r.lock'), '');
  assert.deepEqual(listSegments(dir, 'r'), ['r-999999.jsonl', 'r-1000000.jsonl']);
});
