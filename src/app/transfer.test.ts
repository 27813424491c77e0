import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { approval } from '../../test/support/approval-store-suite.ts';
import { usePostgres } from '../../test/support/postgres.ts';
import { agentRun } from '../../test/support/run-store-suite.ts';
import { suggestion } from '../../test/support/suggestion-store-suite.ts';
import { createTempDir } from '../../test/support/temp-dir.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { Secret } from '../contracts/secret.ts';
import { lockDataDir } from '../platform/audit/lock-data-dir.ts';
import { openTrail } from '../platform/audit/open-trail.ts';
import { keepLog } from '../platform/audit/testing/fresh-dir.ts';
import { makeFinish, makeIntent } from '../platform/audit/testing/make-call.ts';
import type { SeqRow } from '../platform/audit/trail-row.ts';
import { dump } from '../platform/stores/postgres/dump.ts';
import { openForTest } from '../platform/stores/postgres/testing/open-for-test.ts';
import { openStore } from '../platform/stores/sqlite/open-store.ts';
import { openStores, type Stores } from './open-stores.ts';
import {
  backUpDataDir,
  backUpPostgres,
  copyDataDir,
  kindOfBackup,
  restoreDataDir,
  restoreIntoPostgres,
  restorePostgres,
} from './transfer.ts';

const { skip, server } = usePostgres();

const BY = { actor: { type: 'operator', id: 'o', name: 'o' }, via: 'cli' } as const;
const KEEP = { replaces: false, nowMs: 1 };

const open = (dataDir: string, url?: string): Promise<Stores> =>
  openStores({
    dataDir,
    database:
      url === undefined
        ? undefined
        : { url: new Secret(url), schema: 'portcullis', poolSize: 4, statementTimeoutMs: 5_000 },
    log: keepLog().log,
  });

/** Something in every store. */
async function fill(dataDir: string): Promise<void> {
  const stores = await open(dataDir);
  const objects = await stores.objects();
  for (const id of ['team_a', 'team_b', 'team_gone'])
    await objects.write(
      [{ action: 'create', kind: 'team', id, name: id, body: { name: id, labels: { z: 'ü\0\u2028\u2029', a: '"' } } }],
      BY,
      5,
    );
  await objects.write([{ action: 'delete', kind: 'team', id: 'team_gone', ifVersion: 1 }], BY, 6);
  const definitions = await stores.definitions();
  definitions.save(
    [
      {
        ...{ serverId: 's', kind: 'tool', name: 't', state: 'pinned', reason: undefined, pinnedBy: 'policy' },
        ...{ pinned: { hash: 'h', text: '{"name":"t"}', atMs: 4 }, other: undefined, findings: [], firstSeenMs: 4 },
      },
    ],
    definitions.version(),
  );
  const credentials = await stores.credentials();
  credentials.write('s', '', 'sealed', 9);
  const suggestions = await stores.suggestions();
  await suggestions.add([suggestion('sug_a', { toolCallId: 'tc\0' }), suggestion('sug_b')]);
  await suggestions.claim('sug_a', 'exec-1', 2_000);
  await suggestions.finish('sug_a', 'exec-1', { state: 'done', sealedResult: 'answer' }, 3_000);
  const approvals = await stores.approvals();
  await approvals.add(approval('apr_a', { suggestionId: 'sug_b' }));
  await approvals.replace(approval('apr_a', { suggestionId: 'sug_b', state: 'approved' }), 1);
  const runs = await stores.runs();
  await runs.add(agentRun('run-a', { state: 'waiting', pending: ['tc-1'], sealedState: 'sealed' }));
  const trail = await openTrail({ dataDir, sync: false, maxAgeDays: 10_000, maxSizeMb: 100, log: keepLog().log });
  for (let i = 0; i < 700; i++)
    trail.record(makeIntent(`c${i}`), makeFinish(`c${i}`, i % 2 === 0 ? { priceMicroUsd: 3 } : {}));
  await trail[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
}

/** What can be read of it, whoever keeps it. */
async function readAllOf(stores: Stores): Promise<object> {
  const objects = await stores.objects();
  const rows: SeqRow[] = [];
  for await (const row of (await stores.trail()).query({})) rows.push(row);
  return {
    objects: (await objects.changedSince(0)).objects,
    seq: (await objects.changedSince(0)).seq,
    changes: await objects.changes({ limit: 100 }),
    definitions: (await stores.definitions()).list(),
    credential: (await stores.credentials()).read('s', ''),
    suggestions: await (await stores.suggestions()).ofRun('run-1'),
    approvals: await (await stores.approvals()).list({ limit: 10 }),
    runs: await (await stores.runs()).list({ limit: 10 }),
    rows,
    costs: await (await stores.trail()).costs('tool', {}),
  };
}

const readable = (value: object): unknown => JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '\ufffd'));

test('everything of a data folder moves to PostgreSQL, is the same there, and goes on from there', {
  skip,
}, async (t) => {
  const dataDir = await createTempDir(t);
  await fill(dataDir);
  const local = await open(dataDir);
  const expected = readable(await readAllOf(local));
  await local[Symbol.asyncDispose]();
  const url = await server.newDatabase();
  const database = await openForTest(t, url);
  const counts = await copyDataDir(dataDir, database, KEEP);
  assert.equal(counts.trail, 700);
  assert.equal(counts.objects, 3);
  const shared = await open(dataDir, url);
  t.after(() => shared[Symbol.asyncDispose]());
  assert.deepEqual(readable(await readAllOf(shared)), expected);
  const [next] = await (await shared.objects()).write(
    [{ action: 'update', kind: 'team', id: 'team_a', name: 'team_a', body: { name: 'team_a' }, ifVersion: 1 }],
    BY,
    7,
  );
  assert.equal(next?.version, 2);
  const suggestions = await shared.suggestions();
  await suggestions.add([suggestion('sug_c')]);
  assert.deepEqual(
    (await suggestions.ofRun('run-1')).map(({ id, state }) => [id, state]),
    [
      ['sug_a', 'done'],
      ['sug_b', 'open'],
      ['sug_c', 'open'],
    ],
  );
  const approvals = await shared.approvals();
  const heard: string[] = [];
  t.after(approvals.onChange((id) => heard.push(id)));
  await approvals.add(approval('apr_b'));
  await waitFor('what is new to be heard', () => heard.includes('apr_b'));
  assert.deepEqual(heard, ['apr_b']);
  await shared.append({ kind: 'definition.approved', serverId: 's', name: 't', target: 't', arguments: '{}' });
  const { rows, problems } = await (await shared.trail()).verifyChain([]);
  assert.deepEqual([rows, problems], [701, []], 'the chain came along and goes on');
});

test('a folder that a gateway uses, and a database that is not empty, are left alone', { skip }, async (t) => {
  const dataDir = await createTempDir(t);
  await fill(dataDir);
  const url = await server.newDatabase();
  const database = await openForTest(t, url);
  const lock = lockDataDir(dataDir);
  await assert.rejects(copyDataDir(dataDir, database, KEEP), /another gateway/);
  lock.release();
  await copyDataDir(dataDir, database, KEEP);
  await assert.rejects(copyDataDir(dataDir, database, KEEP), { name: 'NotEmpty' });
  const running = await open(dataDir, url);
  await running.objects();
  await assert.rejects(copyDataDir(dataDir, database, { ...KEEP, replaces: true }), /stop them first/);
  await running[Symbol.asyncDispose]();
  assert.equal((await copyDataDir(dataDir, database, { ...KEEP, replaces: true })).trail, 700);
});

test('every table of SQLite has its place in PostgreSQL, with every column', { skip }, async (t) => {
  const db = openStore(await createTempDir(t));
  t.after(() => db.close());
  const database = await openForTest(t, await server.newDatabase());
  const { rows } = await database.query(
    "SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'portcullis'",
  );
  const there = new Set(rows.map(({ name }) => String(name)));
  const here = db
    .prepare(
      `SELECT t.name AS t, c.name AS c FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'
       AND t.name NOT IN ('objects_seq', 'trail_seq', 'approvals_seq', 'runs_seq', 'trail_segment', 'sqlite_sequence')`,
    )
    .all()
    .map((row) => `${row.t}.${row.c}`);
  // There all entries of the chain stand in a table of their own.
  assert.deepEqual(
    here.filter((name) => !there.has(name)),
    ['trail.digest'],
  );
});

test('a backup of PostgreSQL is one moment of it, readable by its owner only, and restores to the same', {
  skip,
}, async (t) => {
  const dataDir = await createTempDir(t);
  await fill(dataDir);
  const source = await openForTest(t, await server.newDatabase());
  await copyDataDir(dataDir, source, KEEP);
  const file = join(dataDir, 'backup.jsonl');
  const counts = await backUpPostgres(source, file, 1);
  assert.equal(counts.trail, 700);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(kindOfBackup(file), 'lines');
  const target = await openForTest(t, await server.newDatabase());
  assert.deepEqual(await restorePostgres(target, file, KEEP), counts);
  const everything = async (database: typeof source): Promise<string[]> => {
    const lines: string[] = [];
    await dump(database, ({ table, row }) => void lines.push(`${table} ${row}`));
    return lines.sort();
  };
  assert.deepEqual(await everything(target), await everything(source));
  await assert.rejects(restorePostgres(target, file, KEEP), { name: 'NotEmpty' });

  const whole = readFileSync(file, 'utf8').trimEnd().split('\n');
  const cut = join(dataDir, 'cut.jsonl');
  writeFileSync(cut, `${whole.slice(0, -1).join('\n')}\n`);
  await assert.rejects(restorePostgres(target, cut, { ...KEEP, replaces: true }), /cut off/);
  writeFileSync(cut, `${whole.filter((_, at) => at !== 5).join('\n')}\n`);
  await assert.rejects(restorePostgres(target, cut, { ...KEEP, replaces: true }), /damaged/);
  assert.deepEqual(await everything(target), await everything(source), 'nothing was changed');
});

test('a backup of a data folder restores to the same, there or in PostgreSQL', { skip }, async (t) => {
  const dataDir = await createTempDir(t);
  await fill(dataDir);
  const source = await open(dataDir);
  const expected = await readAllOf(source);
  const file = join(dataDir, 'copy.db');
  backUpDataDir(dataDir, file);
  await source[Symbol.asyncDispose]();
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(kindOfBackup(file), 'sqlite');
  assert.throws(() => backUpDataDir(dataDir, file), /is there already/);

  const target = await createTempDir(t);
  restoreDataDir(target, file, false);
  const restored = await open(target);
  assert.deepEqual(await readAllOf(restored), expected);
  await restored[Symbol.asyncDispose]();
  assert.throws(() => restoreDataDir(target, file, false), { name: 'NotEmpty' });
  restoreDataDir(target, file, true);
  writeFileSync(join(target, 'bad.db'), Buffer.concat([readFileSync(file).subarray(0, 4096), Buffer.alloc(9000, 7)]));
  assert.throws(() => restoreDataDir(target, join(target, 'bad.db'), true));
  const kept = await open(target);
  assert.deepEqual(await readAllOf(kept), expected, 'what is no good takes nothing away');
  await kept[Symbol.asyncDispose]();
  assert.ok(!readdirSync(target).some((name) => name.includes('restored')));

  const database = await openForTest(t, await server.newDatabase());
  assert.equal((await restoreIntoPostgres(file, database, KEEP)).trail, 700);
});
