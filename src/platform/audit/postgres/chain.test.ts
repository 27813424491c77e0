import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { usePostgres } from '../../../../test/support/postgres.ts';
import { createSealKey, keysOf } from '../../sealing/seal-key.ts';
import type { Database } from '../../stores/postgres/open-database.ts';
import { openForTest } from '../../stores/postgres/testing/open-for-test.ts';
import { encodeDecision } from '../append-row.ts';
import type { KnownHead } from '../chain/verify-chain.ts';
import { createJournal } from '../journal.ts';
import { encodeFinish, encodeIntent, encodeRecord } from '../journal-line.ts';
import { freshDir } from '../testing/fresh-dir.ts';
import { makeFinish, makeIntent } from '../testing/make-call.ts';
import { appendToPostgres } from './append-row.ts';
import { readHead } from './chain.ts';
import { createPostgresFold } from './fold.ts';
import { createPostgresTrailReader } from './open-trail-reader.ts';
import { noteReplica, retainInPostgres } from './retain.ts';

const { skip, server } = usePostgres();

const KEY = createSealKey(Buffer.alloc(32, 7));
const KEYS = keysOf(KEY, []);

/** A replica that folds what it writes. */
function openReplica(t: TestContext, database: Database, replicaId: string, runEnds = false) {
  const journalDir = join(freshDir(t), 'journal');
  mkdirSync(journalDir);
  const fail = (error: unknown): never => {
    throw error;
  };
  const runId = `run${replicaId}`;
  const journal = createJournal({ dir: journalDir, runId, sync: false, onTrouble: fail, onHealed: fail });
  t.after(() => journal.close());
  const fold = createPostgresFold({ database, journalDir, replicaId, ownRunId: runId, key: KEY });
  return async (...lines: readonly string[]): Promise<void> => {
    for (const line of lines) journal.writeNow(line);
    await fold(runEnds);
  };
}

const record = (id: string, atMs: number): string => encodeRecord(makeIntent(id, { atMs }), makeFinish(id));
const verify = (database: Database, heads: readonly KnownHead[] = []) =>
  createPostgresTrailReader(database, undefined, KEYS).verifyChain(heads);

test('replicas that write at once, a decision, an end without a word and retention make one chain', {
  skip,
}, async (t) => {
  const database = await openForTest(t, await server.newDatabase());
  const [first, second] = [openReplica(t, database, 'r1'), openReplica(t, database, 'r2')];
  const dying = openReplica(t, database, 'r3', true);
  await noteReplica(database, 'r1');
  const writes: Promise<void>[] = [];
  for (let i = 0; i < 8; i++) {
    const write = async (replica: typeof first, name: string): Promise<void> => {
      await replica(encodeIntent(makeIntent(`${name}-${i}`, { atMs: 0 })), record(`${name}-${i}-whole`, 2_000_000_000));
      await replica(encodeFinish(makeFinish(`${name}-${i}`, { runId: 'found-late' })));
    };
    writes.push((writes.at(-2) ?? Promise.resolve()).then(() => write(i % 2 === 0 ? first : second, `c${i % 2}`)));
  }
  await Promise.all(writes);
  await dying(encodeIntent(makeIntent('nobody-hears-of-it')));
  await appendToPostgres(
    database,
    encodeDecision({ kind: 'definition.approved', serverId: 's', name: 't', target: 't', arguments: '{}' }),
    KEY,
  );
  const whole = await verify(database, [await readHead(database.query)]);
  assert.deepEqual([whole.rows, whole.problems, whole.signedTo], [18, [], whole.head.seq]);
  const { deleted } = await retainInPostgres(database, { maxAgeDays: 1, maxSizeMb: 1_000, key: KEY }, 86_400_000 + 500);
  assert.equal(deleted, 8);
  const kept = await verify(database, [whole.head, await readHead(database.query)]);
  assert.deepEqual([kept.rows, kept.problems, kept.signedTo], [10, [], kept.head.seq]);
});

const TAMPERINGS = {
  edited: "UPDATE trail SET result = 'refused' WHERE id = 'c-3'",
  removed: "DELETE FROM trail WHERE id = 'c-3'",
  inserted:
    "INSERT INTO trail (seq, id, replica_id, run_id, trace_id, at_ms, kind, surface, name) VALUES (900, 'x', 'r1', 'r', 't', 1, 'tools.call', 'mcp', 'n')",
  broken: "UPDATE trail_chain SET digest = 'x' WHERE id = 'c-1'",
  forged: "UPDATE trail_link SET mac = left(mac, 9) || 'AAAA' WHERE seq = (SELECT max(seq) FROM trail_link)",
  unsigned: 'UPDATE trail_link SET mac = NULL',
  'cut-off': `WITH last AS (SELECT max(seq) AS seq FROM trail_link), gone AS (DELETE FROM trail WHERE seq = (SELECT seq FROM last)),
    entries AS (DELETE FROM trail_chain WHERE seq = (SELECT seq FROM last)) DELETE FROM trail_link WHERE seq = (SELECT seq FROM last)`,
};

for (const [type, sql] of Object.entries(TAMPERINGS))
  test(`what somebody changed in PostgreSQL is named: ${type}`, { skip }, async (t) => {
    const database = await openForTest(t, await server.newDatabase());
    const write = openReplica(t, database, 'r1');
    for (let i = 0; i < 5; i++) await write(record(`c-${i}`, i));
    const head = await readHead(database.query);
    assert.deepEqual((await verify(database, [head])).problems, []);
    await database.query(sql);
    const found = (await verify(database, [head])).problems.map((problem) => problem.type);
    assert.ok(found.includes(type as (typeof found)[number]), found.join(', '));
  });

test('who has no key adds nothing to a chain that is signed', { skip }, async (t) => {
  const database = await openForTest(t, await server.newDatabase());
  await openReplica(t, database, 'r1')(record('c-1', 1));
  const journalDir = join(freshDir(t), 'journal');
  mkdirSync(journalDir);
  const fail = (error: unknown): never => {
    throw error;
  };
  const journal = createJournal({ dir: journalDir, runId: 'gone', sync: false, onTrouble: fail, onHealed: fail });
  journal.writeNow(record('c-2', 2));
  await journal.close();
  const without = createPostgresTrailReader(database, { journalDir, replicaId: 'r2' });
  assert.equal((await without.fold()).folded, 0);
  const row = encodeDecision({ kind: 'definition.approved', serverId: 's', name: 't', target: 't', arguments: '{}' });
  await assert.rejects(appendToPostgres(database, row), /the trail is signed/);
  assert.equal((await createPostgresTrailReader(database, { journalDir, replicaId: 'r2' }, KEYS).fold()).folded, 1);
  assert.deepEqual((await verify(database)).problems, []);
});

test('calls are held against approvals of other replicas, also where these write later and retention took some', {
  skip,
}, async (t) => {
  const dayMs = 86_400_000;
  const database = await openForTest(t, await server.newDatabase());
  const [first, second] = [openReplica(t, database, 'r1'), openReplica(t, database, 'r2')];
  await noteReplica(database, 'r1');
  const call = (n: number, atMs: number): string => {
    const id = `call_${n}`;
    const meant = { atMs, suggestionId: `sug_${n}`, authority: `approval:apr_${n}` };
    return encodeRecord(makeIntent(id, meant), makeFinish(id));
  };
  const decision = (n: number, kind: 'approval.requested' | 'approval.approved', atMs: number): string => {
    const id = `apr_${n}.${kind}`;
    const text = `{"approval":"apr_${n}"}`;
    return encodeRecord(makeIntent(id, { kind, atMs, suggestionId: `sug_${n}`, arguments: text }), makeFinish(id));
  };
  await first(decision(1, 'approval.requested', 1), decision(1, 'approval.approved', 2));
  await second(call(1, dayMs + 9), decision(2, 'approval.requested', dayMs + 1), call(2, dayMs + 3));
  await first(decision(2, 'approval.approved', dayMs + 2), decision(3, 'approval.requested', dayMs + 4));
  await second(call(3, dayMs + 5));
  const report = () => createPostgresTrailReader(database, undefined, KEYS).verifyAuthority();
  const unproven = [{ type: 'no-approval', id: 'call_3', authority: 'approval:apr_3' }];
  assert.deepEqual(await report(), { calls: { approval: 3 }, beyondProof: 0, unproven });
  assert.equal((await retainInPostgres(database, { maxAgeDays: 1, maxSizeMb: 1_000, key: KEY }, 2 * dayMs)).deleted, 2);
  assert.deepEqual(await report(), { calls: { approval: 3 }, beyondProof: 1, unproven });
});
