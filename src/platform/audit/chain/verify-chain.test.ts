/** Property: whoever changes the database behind the gateway's back is found out, and nobody else is accused. */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { SealKey } from '../../../contracts/sealing.ts';
import { createSealKey, keysOf } from '../../sealing/seal-key.ts';
import { openStore } from '../../stores/sqlite/open-store.ts';
import { encodeDecision } from '../append-row.ts';
import { createFold } from '../fold.ts';
import { createFoldStatements } from '../fold-statements.ts';
import { createJournal } from '../journal.ts';
import { encodeFinish, encodeIntent, encodeRecord } from '../journal-line.ts';
import { retain } from '../retain.ts';
import { freshDir } from '../testing/fresh-dir.ts';
import { makeFinish, makeIntent } from '../testing/make-call.ts';
import { digestRow, linkOf } from './links.ts';
import { type ChainReport, type KnownHead, verifyChain } from './verify-chain.ts';
import { createChainWriter } from './write-chain.ts';

const KEY = createSealKey(Buffer.alloc(32, 7));
const RUN = 'run1';

interface Site {
  readonly db: DatabaseSync;
  readonly dir: string;
  /** Writes lines and folds them, in one go. */
  write(lines: readonly string[]): void;
  verify(heads?: readonly KnownHead[]): Promise<ChainReport>;
  head(): KnownHead;
}

function open(
  t: Pick<TestContext, 'after'>,
  dir: string,
  { key }: { readonly key: SealKey | undefined } = { key: KEY },
): Site {
  const journalDir = join(dir, 'journal');
  mkdirSync(journalDir, { recursive: true });
  const db = openStore(dir);
  const fail = (error: unknown): never => {
    throw error;
  };
  const journal = createJournal({ dir: journalDir, runId: RUN, sync: false, onTrouble: fail, onHealed: fail });
  const fold = createFold({ db, journalDir, ownRunId: RUN, key });
  t.after(async () => {
    await journal.close();
    db.close();
  });
  return {
    ...{ db, dir },
    write(lines) {
      for (const line of lines) journal.writeNow(line);
      fold();
    },
    verify: (heads) => verifyChain((sql, values) => db.prepare(sql).all(...values), key && keysOf(key, []), heads),
    head: () => createChainWriter(db, undefined).head(),
  };
}

const record = (id: string, atMs: number): string =>
  encodeRecord(makeIntent(id, { atMs, arguments: `{"path":"/${id}"}`, ...EXECUTING }), makeFinish(id));

/** What a call carried out is joined to the chain, too. */
const EXECUTING = { runId: 'run', suggestionId: 'sug_1', authority: 'approval:apr_1' };

/** 30 calls in several pieces of journal: whole ones, and some that end in a later piece; the oldest may be gone by retention. */
function fill(site: Site, pieces: number, isRetained: boolean): void {
  for (let piece = 0; piece < pieces; piece++) {
    const lines = [encodeIntent(makeIntent(`open-${piece}`, { atMs: 1_000 + piece }))];
    for (let i = 0; i < 4; i++) lines.push(record(`c-${piece}-${i}`, piece === 0 ? 0 : 2_000_000_000));
    if (piece > 0)
      lines.push(encodeFinish(makeFinish(`open-${piece - 1}`, { result: 'tool-error', runId: 'found-late' })));
    site.write(lines);
  }
  if (isRetained) retain(site.db, { maxAgeDays: 1, maxSizeMb: 1_000, key: KEY }, 86_400_000 + 500);
}

/** All that a stranger to the key can do with the database. Each changes something for certain. */
type Tampering = (db: DatabaseSync, pick: (count: number) => number) => void;

const rowIds = (db: DatabaseSync): string[] =>
  db
    .prepare('SELECT id FROM trail ORDER BY seq')
    .all()
    .map(({ id }) => String(id));
const anyRow = (db: DatabaseSync, pick: (count: number) => number): string => {
  const ids = rowIds(db);
  return ids[pick(ids.length)] ?? '';
};
/** Makes the chain fit what is there, as far as one can without the key. */
function relink(db: DatabaseSync, keepsMacs: boolean): void {
  for (const row of db.prepare('SELECT * FROM trail').all())
    db.prepare('UPDATE trail SET digest = ? WHERE id = ?').run(digestRow(row), String(row.id));
  let before = String(db.prepare('SELECT link FROM trail_chain_base').get()?.link);
  let from = -1;
  for (const { seq } of db.prepare('SELECT seq FROM trail_link ORDER BY seq').all()) {
    const entries = db
      .prepare('SELECT seq, id, digest FROM trail_entry WHERE seq > ? AND seq <= ? ORDER BY seq')
      .all(from, Number(seq))
      .map((entry) => ({
        seq: Number(entry.seq),
        id: String(entry.id),
        digest: entry.digest === null ? undefined : String(entry.digest),
      }));
    before = linkOf(before, entries);
    db.prepare(`UPDATE trail_link SET link = ?${keepsMacs ? '' : ', mac = NULL'} WHERE seq = ?`).run(
      before,
      Number(seq),
    );
    from = Number(seq);
  }
}

function appendRow(db: DatabaseSync, key: SealKey | undefined): void {
  const statements = createFoldStatements(db, key);
  const { columns, finish } = encodeDecision({
    ...{ kind: 'definition.approved', serverId: 's', name: 'made-up', target: 't', arguments: '{}' },
  });
  statements.withSeq((nextSeq) => statements.insert(nextSeq, 'r', columns, finish));
}

const EDITS = [
  "UPDATE trail SET result = 'refused' WHERE id = ?",
  "UPDATE trail SET name = 'other' WHERE id = ?",
  'UPDATE trail SET at_ms = at_ms + 1 WHERE id = ?',
  "UPDATE trail SET key_id = 'key_2' WHERE id = ?",
  "UPDATE trail SET arguments = '{}' WHERE id = ?",
  'UPDATE trail SET total_ms = 9.75 WHERE id = ?',
  'UPDATE trail SET price_micro_usd = 77 WHERE id = ?',
  "UPDATE trail SET parent_id = 'x' WHERE id = ?",
  "UPDATE trail SET agent_run_id = 'other' WHERE id = ?",
  "UPDATE trail SET suggestion_id = 'sug_2' WHERE id = ?",
  "UPDATE trail SET authority = 'approval:apr_2' WHERE id = ?",
  "UPDATE trail SET id = 'somebody-else' WHERE id = ?",
  'UPDATE trail SET seq = seq + 100000 WHERE id = ?',
];

test('every column of the trail is under the chain', async (t) => {
  const site = open(t, freshDir(t));
  site.write([record('c', 1)]);
  const columns = site.db.prepare("SELECT name, type FROM pragma_table_info('trail')").all();
  // The order of rows, and what is checked by itself.
  for (const { name, type } of columns.filter((column) => !['row', 'seq', 'digest'].includes(String(column.name)))) {
    site.db.exec('SAVEPOINT before');
    site.db.prepare(`UPDATE trail SET ${name} = ? WHERE id = 'c'`).run(type === 'TEXT' ? 'x' : 7_777);
    assert.ok((await site.verify()).problemCount > 0, String(name));
    site.db.exec('ROLLBACK TO before; RELEASE before');
  }
  assert.equal((await site.verify()).problemCount, 0);
});

const TAMPERINGS: { readonly [name: string]: Tampering } = {
  'edits a row': (db, pick) => void db.prepare(EDITS[pick(EDITS.length)] ?? '').run(anyRow(db, pick)),
  'edits a row and makes the chain fit': (db, pick) => {
    db.prepare("UPDATE trail SET name = 'other' WHERE id = ?").run(anyRow(db, pick));
    relink(db, pick(2) === 0);
  },
  'removes a row': (db, pick) => void db.prepare('DELETE FROM trail WHERE id = ?').run(anyRow(db, pick)),
  'removes a row and what the chain says of it': (db, pick) => {
    const id = anyRow(db, pick);
    db.prepare('DELETE FROM trail WHERE id = ?').run(id);
    db.prepare('DELETE FROM trail_chain WHERE id = ?').run(id);
    if (pick(2) === 0) relink(db, pick(2) === 0);
  },
  'says that retention took a row': (db, pick) => {
    const id = anyRow(db, pick);
    const row = db.prepare('DELETE FROM trail WHERE id = ? RETURNING seq, digest').get(id);
    const own = pick(2) === 0 ? undefined : { id: KEY.id, bytes: Buffer.alloc(32, 9) };
    const chain = createChainWriter(db, own);
    chain.begin();
    chain.keep(Number(row?.seq), id, row?.digest);
    chain.remove(chain.head().seq + 1, id);
    chain.join();
    if (pick(2) === 0) relink(db, pick(2) === 0);
  },
  'inserts a row': (db) => {
    db.exec(`INSERT INTO trail (seq, id, run_id, trace_id, at_ms, kind, surface, name) VALUES
      ((SELECT max(seq) + 1 FROM trail), 'made-up', 'r', 't', 1, 'tools.call', 'mcp', 'n')`);
  },
  'appends a row with a chain of its own': (db) => appendRow(db, undefined),
  'appends a row signed with a key of its own': (db) => appendRow(db, { id: KEY.id, bytes: Buffer.alloc(32, 9) }),
  'swaps what two rows say': (db, pick) => {
    const ids = rowIds(db);
    const first = pick(ids.length);
    const [a = '', b = ''] = [ids[first], ids[(first + 1 + pick(ids.length - 1)) % ids.length]];
    db.prepare("UPDATE trail SET id = 'between' WHERE id = ?").run(a);
    db.prepare('UPDATE trail SET id = ? WHERE id = ?').run(a, b);
    db.prepare("UPDATE trail SET id = ? WHERE id = 'between'").run(b);
  },
  'turns a row back to what it was before it ended': (db) => {
    const entry = db
      .prepare(
        `SELECT c.seq AS seq, c.id AS id, c.digest AS digest FROM trail_chain c JOIN trail t ON t.id = c.id
         WHERE t.result = 'tool-error' LIMIT 1`,
      )
      .get();
    assert.ok(entry);
    db.prepare('DELETE FROM trail_chain WHERE seq = ?').run(Number(entry.seq));
    db.prepare(
      `UPDATE trail SET seq = ?, digest = ?, result = NULL, error = NULL, result_bytes = NULL, total_ms = NULL,
         upstream_ms = NULL WHERE id = ?`,
    ).run(Number(entry.seq), String(entry.digest), String(entry.id));
  },
  'takes signatures away': (db, pick) => {
    if (pick(2) === 0) db.exec('UPDATE trail_link SET mac = NULL');
    db.exec('UPDATE trail_chain_base SET mac = NULL');
  },
  'takes a link for the beginning': (db) => {
    const link = db.prepare('SELECT seq, link, mac FROM trail_link ORDER BY seq LIMIT 1 OFFSET 1').get();
    const seq = Number(link?.seq);
    db.prepare('UPDATE trail_chain_base SET seq = ?, link = ?, mac = ?').run(
      seq,
      String(link?.link),
      String(link?.mac),
    );
    for (const table of ['trail_chain', 'trail_link', 'trail'])
      db.prepare(`DELETE FROM ${table} WHERE seq <= ?`).run(seq);
  },
  'cuts off the newest part': (db) => {
    const seq = Number(db.prepare('SELECT seq FROM trail_link ORDER BY seq DESC LIMIT 1 OFFSET 1').get()?.seq);
    for (const table of ['trail_chain', 'trail_link', 'trail'])
      db.prepare(`DELETE FROM ${table} WHERE seq > ?`).run(seq);
  },
};

for (const [name, tamper] of Object.entries(TAMPERINGS))
  test(`who ${name} is found out`, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 3, max: 6 }),
        fc.boolean(),
        fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
        async (pieces, isRetained, picks) => {
          const site = open(t, freshDir(t));
          fill(site, pieces, isRetained);
          const heads = [site.head()];
          const before = await site.verify(heads);
          assert.deepEqual([before.problemCount, before.problems], [0, []]);
          assert.equal(before.signedTo, before.head.seq);
          assert.equal(before.rows, rowIds(site.db).length);
          let next = 0;
          tamper(site.db, (count) => (picks[next++ % picks.length] ?? 0) % count);
          const after = await site.verify(heads);
          assert.ok(after.problemCount > 0, `${pieces} pieces, retained: ${isRetained}`);
        },
      ),
      { numRuns: 12 },
    );
  });

test('rows of before the chain are told and not accused, and one of them that ends joins it', async (t) => {
  const site = open(t, freshDir(t));
  fill(site, 3, false);
  site.db.exec(
    'DELETE FROM trail_chain; DELETE FROM trail_link; UPDATE trail SET digest = NULL; UPDATE trail_chain_base SET seq = (SELECT last FROM trail_seq), mac = NULL',
  );
  const whole = rowIds(site.db).length;
  site.write([encodeFinish(makeFinish('open-2')), record('new', 5)]);
  const report = await site.verify();
  assert.deepEqual([report.problemCount, report.rows, report.rowsBefore], [0, 2, whole - 1]);
});

test('a chain that retention cut off goes on from a beginning that is signed', async (t) => {
  const site = open(t, freshDir(t));
  for (let i = 0; i < 20; i++) site.write([record(`old-${i}`, 0)]);
  site.write([record('young', 2_000_000_000)]);
  retain(site.db, { maxAgeDays: 1, maxSizeMb: 1_000, key: KEY }, 86_400_000 + 500);
  assert.ok(
    Number(site.db.prepare('SELECT count(*) AS n FROM trail_entry').get()?.n) < 30,
    'what is gone takes no room for ever',
  );
  site.write([record('later', 2_000_000_001)]);
  const report = await site.verify([site.head(), { seq: 3, link: 'of a time before the beginning' }]);
  assert.deepEqual([report.problemCount, report.rows], [0, 2]);
});

test('without a key everything but signatures is looked at', async (t) => {
  const site = open(t, freshDir(t), { key: undefined });
  fill(site, 3, false);
  const whole = await site.verify();
  assert.deepEqual([whole.problemCount, whole.signedTo], [0, undefined]);
  site.db.exec("UPDATE trail SET name = 'x' WHERE id = 'c-1-1'");
  const { problems } = await site.verify();
  assert.deepEqual(
    problems.map(({ type, id }) => [type, id]),
    [['edited', 'c-1-1']],
  );
});
