/** Who was carried out without a word of approval is named, and nobody else is, whatever retention took and who wrote first. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { Log } from '../../../contracts/log.ts';
import type { CallFinish, CallIntent, Trail } from '../../../contracts/trail.ts';
import { openStore } from '../../stores/sqlite/open-store.ts';
import { openTrail } from '../open-trail.ts';
import { openTrailReader } from '../open-trail-reader.ts';
import { retain } from '../retain.ts';
import { freshDir } from '../testing/fresh-dir.ts';
import { makeFinish, makeIntent } from '../testing/make-call.ts';
import type { AuthorityReport } from './verify-authority.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
const DAY_MS = 86_400_000;

async function write(dataDir: string, steps: (trail: Trail) => void): Promise<void> {
  const trail = await openTrail({ dataDir, sync: false, maxAgeDays: 36_500, maxSizeMb: 1_024, log });
  steps(trail);
  await trail[Symbol.asyncDispose]();
}

async function verify(dataDir: string): Promise<AuthorityReport> {
  const reader = openTrailReader(dataDir);
  try {
    reader.fold();
    return await reader.verifyAuthority();
  } finally {
    reader.close();
  }
}

const namesOf = ({ unproven }: AuthorityReport): readonly string[] => unproven.map(({ type, id }) => `${id} ${type}`);

/** `n` names the suggestion and its approval. */
const notes = (trail: Trail, n: number) => ({
  note(kind: 'approval.requested' | 'approval.approved', atMs: number): void {
    const [id, text] = [`apr_${n}.${kind}`, `{"approval":"apr_${n}"}`];
    trail.record(makeIntent(id, { kind, atMs, suggestionId: `sug_${n}`, arguments: text }), makeFinish(id));
  },
  call(atMs: number, fields: Partial<CallIntent> = {}, finish: Partial<CallFinish> = {}): void {
    const id = `call_${n}`;
    const meant = { suggestionId: `sug_${n}`, authority: `approval:apr_${n}`, ...fields };
    trail.record(makeIntent(id, { atMs, ...meant }), makeFinish(id, finish));
  },
});

test('a call that nobody approved is named, and one that was not sent needs no approval', async (t) => {
  const dataDir = freshDir(t);
  await write(dataDir, (trail) => {
    const [good, bad, early, refused, other] = [1, 2, 3, 4, 5].map((n) => notes(trail, n));
    good?.note('approval.requested', 1);
    good?.note('approval.approved', 2);
    good?.call(3);
    bad?.note('approval.requested', 4);
    bad?.call(5);
    early?.call(6);
    early?.note('approval.approved', 7);
    refused?.call(8, {}, { result: 'refused' });
    // Approved, but not by what it says.
    other?.note('approval.approved', 9);
    other?.call(10, { authority: 'approval:apr_50' });
  });
  const report = await verify(dataDir);
  assert.deepEqual(namesOf(report), ['call_2 no-approval', 'call_3 no-approval', 'call_5 no-approval']);
  assert.deepEqual([report.calls, report.beyondProof], [{ approval: 4 }, 0]);
});

test('an approval and a suggestion let one call by', async (t) => {
  const dataDir = freshDir(t);
  await write(dataDir, (trail) => {
    const first = notes(trail, 1);
    first.note('approval.approved', 1);
    first.call(2);
    trail.record(
      makeIntent('again', { atMs: 3, suggestionId: 'sug_1', authority: 'approval:apr_1' }),
      makeFinish('again'),
    );
    trail.record(makeIntent('standing', { atMs: 4, authority: 'standing:sta_1' }), makeFinish('standing'));
  });
  const names = namesOf(await verify(dataDir)).map((name) => name.replace(/^(again|call_1) /, ''));
  assert.deepEqual(names, ['approval-used-twice', 'carried-out-twice', 'standing no-standing-approval']);
});

test('a decision that another replica writes down later than the call is still one made before', async (t) => {
  const dataDir = freshDir(t);
  await write(dataDir, (trail) => {
    const one = notes(trail, 1);
    one.call(20);
    one.note('approval.approved', 10);
  });
  assert.deepEqual(namesOf(await verify(dataDir)), []);
});

/** Asked on the first day; what is older than the second is taken. */
async function cutAtSecondDay(t: TestContext, steps: (trail: Trail) => void): Promise<AuthorityReport> {
  const dataDir = freshDir(t);
  await write(dataDir, steps);
  const db = openStore(dataDir);
  assert.ok(retain(db, { maxAgeDays: 1, maxSizeMb: 1_000 }, 2 * DAY_MS).deleted > 0);
  db.close();
  return verify(dataDir);
}

test('a call whose approval retention took accuses nobody, and is told apart', async (t) => {
  const report = await cutAtSecondDay(t, (trail) => {
    const [old, young, bad] = [1, 2, 3].map((n) => notes(trail, n));
    old?.note('approval.requested', 1);
    old?.note('approval.approved', 2);
    // Not the oldest row that is left.
    young?.note('approval.requested', DAY_MS + 1);
    young?.note('approval.approved', DAY_MS + 2);
    old?.call(DAY_MS + 3);
    young?.call(DAY_MS + 4);
    bad?.note('approval.requested', DAY_MS + 5);
    bad?.call(DAY_MS + 6);
  });
  assert.deepEqual(namesOf(report), ['call_3 no-approval']);
  assert.deepEqual([report.calls, report.beyondProof], [{ approval: 3 }, 1]);
});

test('a call so long after the oldest row that its approval must be there is held to it', async (t) => {
  const report = await cutAtSecondDay(t, (trail) => {
    notes(trail, 1).note('approval.requested', 1);
    notes(trail, 2).note('approval.requested', DAY_MS + 1);
    notes(trail, 3).call(DAY_MS + 62 * DAY_MS);
  });
  assert.deepEqual([namesOf(report), report.beyondProof], [['call_3 no-approval'], 0]);
});

test('twenty thousand calls are held against their approvals by one look at each', { timeout: 60_000 }, async (t) => {
  const dataDir = freshDir(t);
  await write(dataDir, () => {});
  const db = new DatabaseSync(join(dataDir, 'portcullis.db'));
  const insert = db.prepare(
    `INSERT INTO trail (seq, id, trace_id, at_ms, kind, surface, name, run_id, result, suggestion_id, authority, arguments)
     VALUES (?, ?, '', ?, ?, 'mcp', 'x', 'r', 'ok', ?, ?, ?)`,
  );
  db.exec('BEGIN');
  for (let i = 0; i < 20_000; i++) {
    insert.run(2 * i + 1, `d${i}`, i, 'approval.approved', `sug_${i}`, null, `{"approval":"apr_${i}"}`);
    insert.run(2 * i + 2, `c${i}`, i, 'tools.call', `sug_${i}`, `approval:apr_${i}`, '{}');
  }
  db.exec('COMMIT');
  db.close();
  const report = await verify(dataDir);
  assert.deepEqual([namesOf(report), report.calls], [[], { approval: 20_000 }]);
});
