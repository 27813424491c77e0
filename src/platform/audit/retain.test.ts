import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { openStore } from '../stores/sqlite/open-store.ts';
import { createFold } from './fold.ts';
import { encodeIntent, encodeRecord } from './journal-line.ts';
import { retain, usedBytes } from './retain.ts';
import { holdRunLock } from './run-lock.ts';
import { freshDir } from './testing/fresh-dir.ts';
import { makeFinish, makeIntent } from './testing/make-call.ts';

const DAY_MS = 86_400_000;

/** `count` finished calls one second apart from time 0, and one that still runs since time 0. */
function setUp(t: TestContext, count: number): { db: DatabaseSync; rows: () => number } {
  const dataDir = freshDir(t);
  const journal = join(dataDir, 'journal');
  mkdirSync(journal);
  const db = openStore(dataDir);
  const lock = holdRunLock(journal, 'r');
  t.after(() => {
    lock.release();
    db.close();
  });
  const filler = JSON.stringify({ text: 'x'.repeat(1_000) });
  const lines = [encodeIntent(makeIntent('running', { atMs: 0 }))];
  for (let i = 0; i < count; i++)
    lines.push(encodeRecord(makeIntent(`c${i}`, { atMs: i * 1_000, arguments: filler }), makeFinish(`c${i}`)));
  writeFileSync(join(journal, 'r-000001.jsonl'), lines.join(''));
  createFold({ db, journalDir: journal, ownRunId: 'r' })();
  return { db, rows: () => Number(db.prepare('SELECT count(*) AS n FROM trail').get()?.n) };
}

test('rows older than the age go, younger and running ones stay', (t) => {
  const { db, rows } = setUp(t, 1_300);
  const result = retain(db, { maxAgeDays: 2, maxSizeMb: 1_000 }, 2 * DAY_MS + 1_200_000);
  assert.deepEqual(result, { deleted: 1_200, more: false });
  assert.equal(rows(), 101);
  assert.equal(db.prepare('SELECT result FROM trail WHERE id = ?').get('running')?.result, null);
});

test('a database over its size loses its oldest rows and gives the pages back', (t) => {
  const { db, rows } = setUp(t, 4_000);
  const pagesBefore = Number(db.prepare('PRAGMA page_count').get()?.page_count);
  const bytesBefore = usedBytes(db);
  assert.ok(bytesBefore > 4_000_000);
  const { deleted, more } = retain(db, { maxAgeDays: 10_000, maxSizeMb: 2 }, DAY_MS);
  assert.equal(more, false);
  assert.ok(usedBytes(db) <= 2_000_000);
  const stepBytes = (500 * (bytesBefore - usedBytes(db))) / deleted;
  assert.ok(usedBytes(db) + stepBytes > 2_000_000, 'and no step more than needed');
  assert.equal(rows(), 4_001 - deleted);
  assert.equal(db.prepare('SELECT count(*) AS n FROM trail WHERE id IN (?, ?)').get('running', 'c3999')?.n, 2);
  assert.ok(Number(db.prepare('PRAGMA page_count').get()?.page_count) < pagesBefore);
});

test('much to delete is done in pieces', (t) => {
  const { db, rows } = setUp(t, 2_000);
  assert.deepEqual(retain(db, { maxAgeDays: 0, maxSizeMb: 1 }, 1e12, 2), { deleted: 1_000, more: true });
  assert.equal(rows(), 1_001);
  assert.equal(retain(db, { maxAgeDays: 0, maxSizeMb: 1 }, 1e12).more, false);
  assert.equal(rows(), 1);
});
