import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCuttingProxy } from '../../../../test/support/cutting-proxy.ts';
import { query, usePostgres } from '../../../../test/support/postgres.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import type { Trail, TrailFilter } from '../../../contracts/trail.ts';
import type { Database } from '../../stores/postgres/open-database.ts';
import { openForTest } from '../../stores/postgres/testing/open-for-test.ts';
import { createJournal } from '../journal.ts';
import { encodeFinish, encodeIntent, encodeRecord } from '../journal-line.ts';
import { openTrail } from '../open-trail.ts';
import { openTrailReader } from '../open-trail-reader.ts';
import { COST_GROUPS } from '../sum-costs.ts';
import { freshDir, keepLog } from '../testing/fresh-dir.ts';
import { makeFinish, makeIntent } from '../testing/make-call.ts';
import type { SeqRow } from '../trail-row.ts';
import { createPostgresFold } from './fold.ts';
import { createPostgresTrailReader, type PostgresTrailReader } from './open-trail-reader.ts';
import { noteReplica, retainInPostgres } from './retain.ts';

const { skip, server } = usePostgres();

async function all(reader: PostgresTrailReader, filter: TrailFilter = {}): Promise<SeqRow[]> {
  const rows: SeqRow[] = [];
  for await (const row of reader.query(filter)) rows.push(row);
  return rows;
}

function writeJournal(dataDir: string, runId: string, lines: readonly string[]): string {
  const dir = join(dataDir, 'journal');
  mkdirSync(dir, { recursive: true });
  const fail = (error: unknown): never => {
    throw error;
  };
  const journal = createJournal({ dir, runId, sync: false, segmentBytes: 4_000, onTrouble: fail, onHealed: fail });
  for (const line of lines) journal.writeNow(line);
  void journal.close();
  return dir;
}

const money = (microUsd: number) => ({ priceMicroUsd: microUsd });

/** Node.js 22 reads a text from SQLite up to its first NUL only. */
const ODD_NAME = Number.parseInt(process.versions.node, 10) < 24 ? 'weird\ud800' : 'we\0ird\ud800';
const ODD_RULE = ODD_NAME.includes('\0') ? 'rule:x\0' : 'rule:x';

/** Every kind of line there is, in one journal: also torn, damaged, doubled, of models, without an end. */
function mixedLines(): string[] {
  const lines: string[] = [];
  for (let i = 0; i < 60; i++) {
    const id = `call-${i}`;
    const intent = makeIntent(id, {
      keyId: i % 5 === 0 ? undefined : `key_${i % 3}`,
      keyName: i % 5 === 0 ? undefined : `Team ${i % 3}_%`,
      serverId: ['files', 'git', 'files_2'][i % 3],
      name: i % 2 === 0 ? 'files__write' : 'a?b[c]',
      target: i % 2 === 0 ? 'write' : ODD_NAME,
      atMs: 1_795_000_000_000 + i * 400_000,
      reservedMicroUsd: i % 4 === 0 ? 900 : undefined,
      ...(i % 8 === 0 && { runId: `call-${i % 16}`, suggestionId: `sug_${i}`, authority: ODD_RULE }),
    });
    const runId = i % 9 === 0 ? 'found' : undefined;
    const finish = makeFinish(id, {
      runId,
      ...(i % 3 === 0 ? money(i) : {}),
      result: i % 11 === 0 ? 'tool-error' : 'ok',
    });
    if (i % 6 === 0) lines.push(encodeRecord(intent, finish));
    else lines.push(encodeIntent(intent));
    if (i % 6 !== 0 && i % 7 !== 0) lines.push(encodeFinish(finish));
    if (i % 10 === 0) lines.push(encodeFinish(finish));
    if (i % 13 === 0) lines.push('["i", damaged\n');
  }
  const chat = makeIntent('chat-1', { kind: 'chat', serverId: 'first', target: 'm', reservedMicroUsd: 50 });
  lines.push(encodeIntent(chat));
  const attempts = [
    { provider: 'first', model: 'm', outcome: 'failed' },
    { provider: 'second', model: 'n', outcome: 'answered' },
  ] as never;
  const usage = { inputTokens: 10, outputTokens: 20, cachedTokens: 5 };
  lines.push(encodeFinish(makeFinish('chat-1', { ...money(31), model: { attempts, usage, firstByteMs: 1.25 } })));
  return lines;
}

test('PostgreSQL and SQLite make the same trail of one journal: rows, filters, costs, spend', { skip }, async (t) => {
  const here = freshDir(t);
  const journalDir = writeJournal(here, 'run1', mixedLines());
  const there = freshDir(t);
  cpSync(journalDir, join(there, 'journal'), { recursive: true });

  const database = await openForTest(t, await server.newDatabase());
  const shared = createPostgresTrailReader(database, { journalDir, replicaId: 'r1' });
  const local = openTrailReader(there);
  t.after(() => local.close());
  assert.deepEqual(await shared.fold(), local.fold());
  assert.deepEqual(readdirSync(journalDir), [], 'what is folded is gone');
  const plain = (rows: Iterable<SeqRow>): unknown[] =>
    [...rows].map(({ seq: _, ...row }) => ({
      ...row,
      target: row.target?.replace('\0', '\ufffd'),
      authority: row.authority?.replace('\0', '\ufffd'),
    }));
  const filters: TrailFilter[] = [
    ...[
      {},
      { limit: 7 },
      { key: 'key_1' },
      { key: 'Team*_%' },
      { key: 'team*' },
      { server: 'files*' },
      { server: 'files_2' },
    ],
    ...[{ name: 'a?b[c]*' }, { name: '*rite' }, { result: 'unknown' }, { result: 'ok', limit: 3 }, { kind: 'chat' }],
    ...[
      { runId: 'found' },
      { runId: 'call-8' },
      { runId: 'call-1' },
      { runId: 'call-0', kind: 'tools.call', limit: 2 },
    ],
    ...[{ sinceMs: 1_795_000_002_000, untilMs: 1_795_004_000_000 }],
  ];
  for (const filter of filters)
    assert.deepEqual(plain(await all(shared, filter)), plain(local.query(filter)), JSON.stringify(filter));
  const ended = (await all(shared, { afterSeq: 0 })).map(({ seq }) => seq);
  assert.deepEqual(
    ended,
    ended.toSorted((a, b) => a - b),
  );
  assert.equal(ended.length, 61);
  for (const by of COST_GROUPS) {
    const sums = local.costs(by, {}).map((sum) => ({ ...sum, name: sum.name?.replace('\0', '\ufffd') }));
    assert.deepEqual(await shared.costs(by, {}), sums, by);
  }
  const sums = await database.query(
    "SELECT level_id AS key_id, sum(micro_usd)::int AS spent FROM spend_by_level WHERE level_type = 'key' GROUP BY 1 ORDER BY 1",
  );
  const byKey = await shared.costs('key', {});
  assert.deepEqual(
    sums.rows.map((row) => [row.key_id, row.spent]),
    byKey
      .flatMap(({ keyId, microUsd }) => (keyId === undefined ? [] : [[keyId, microUsd] as const]))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
});

test('a line is folded once wherever the connection breaks, also when COMMIT gets no answer', { skip }, async (t) => {
  const dataDir = freshDir(t);
  const lines = Array.from({ length: 400 }, (_, i) => [
    encodeIntent(makeIntent(`c${i}`)),
    encodeFinish(makeFinish(`c${i}`, money(1))),
  ]).flat();
  const journalDir = writeJournal(dataDir, 'run1', lines);
  const url = await server.newDatabase();
  const direct = await openForTest(t, url);
  let commits = 0;
  const proxy = await startCuttingProxy(t, url, () => {
    const kinds = ['cut-after', 'pass', 'cut-before'] as const;
    return kinds[commits++ % 3] ?? 'pass';
  });
  const broken = await openForTest(t, proxy.url);
  const fold = createPostgresFold({ database: broken, journalDir, replicaId: 'r1', ownRunId: undefined });
  await waitFor('the journal to be folded', async () => {
    await fold().catch(() => undefined);
    return readdirSync(journalDir).length === 0;
  });
  assert.ok(proxy.cuts() > 10, `only ${proxy.cuts()} connections were cut`);
  const { rows } = await direct.query('SELECT count(*) AS n, count(result) AS ended FROM trail');
  assert.deepEqual(rows, [{ n: 400, ended: 400 }]);
  assert.deepEqual(
    (await direct.query('SELECT sum(calls)::int AS n, sum(micro_usd)::int AS spent FROM spend_by_level')).rows,
    [{ n: 400, spent: 400 }],
  );
});

async function openShared(
  t: TestContext,
  url: string,
  replicaId: string,
  maxSizeMb = 100,
): Promise<{ trail: Trail; dataDir: string; lines: readonly string[] }> {
  const dataDir = freshDir(t);
  const { log, lines } = keepLog();
  const trail = await openTrail({
    ...{ dataDir, sync: false, maxAgeDays: 10_000, maxSizeMb, log },
    postgres: { database: { url, schema: 'portcullis', statementTimeoutMs: 2_000 }, replicaId },
  });
  t.after(() => trail[Symbol.asyncDispose]());
  return { trail, dataDir, lines };
}

test('while PostgreSQL is away calls go on and the log says so; then everything arrives', { skip }, async (t) => {
  const url = await server.newDatabase();
  const database = await openForTest(t, url);
  const { trail, lines } = await openShared(t, url, 'r1');
  await trail.intend(makeIntent('before'));
  await trail.flush();
  await server.stop();
  trail.finish(makeFinish('before'));
  for (let i = 0; i < 20; i++) {
    await trail.intend(makeIntent(`away-${i}`));
    trail.finish(makeFinish(`away-${i}`));
  }
  await waitFor('a line of the log', () => lines.some((line) => line.includes('cannot be folded for now')));
  await server.start();
  const reader = createPostgresTrailReader(database, undefined);
  await waitFor('all rows', async () => {
    const rows = await all(reader).catch(() => []);
    return rows.length === 21 && rows.every(({ result }) => result === 'ok');
  });
  // The rows are there a moment before whoever wrote them has heard of it.
  await waitFor('the log to say so', () => lines.some((line) => line.includes('is folded again')));
});

test('a journal that nobody folds for long is bounded: calls that need it are refused until it is', {
  skip,
}, async (t) => {
  const url = await server.newDatabase();
  await openForTest(t, url);
  const { trail } = await openShared(t, url, 'r1', 1);
  await server.stop();
  const big = JSON.stringify({ text: 'x'.repeat(15_000) });
  const intend = async (): Promise<void> => trail.intend(makeIntent(`${performance.now()}`, { arguments: big }));
  let refused: unknown;
  await waitFor('a refusal', async () => {
    for (let i = 0; i < 20 && refused === undefined; i++)
      await intend().catch((error: unknown) => {
        refused = error;
      });
    return refused;
  });
  assert.equal((refused as { code?: string }).code, 'audit_unavailable');
  assert.equal(trail.figures?.().writable, false);
  await server.start();
  await waitFor('being let in again', () => trail.figures?.().writable === true);
  await trail.intend(makeIntent('again'));
});

test('of replicas each keeps to its own journals, and what a dead one left ends as unknown', { skip }, async (t) => {
  const url = await server.newDatabase();
  const database = await openForTest(t, url);
  const [a, b] = [await openShared(t, url, 'ra'), await openShared(t, url, 'rb')];
  await a.trail.intend(makeIntent('a1'));
  await b.trail.intend(makeIntent('b1', { reservedMicroUsd: 70 }));
  await Promise.all([a.trail.flush(), b.trail.flush()]);
  const reader = createPostgresTrailReader(database, undefined);
  assert.deepEqual(
    (await all(reader)).map(({ result }) => result),
    [undefined, undefined],
    'running at both',
  );
  // As if b had not been here for a day, and a does the housekeeping.
  await noteReplica(database, 'rb');
  await noteReplica(database, 'ra');
  const retention = { maxAgeDays: 10_000, maxSizeMb: 1_000 };
  assert.equal((await retainInPostgres(database, retention, Date.now())).unknown, 0);
  await query(url, "UPDATE portcullis.replica SET seen_at_ms = seen_at_ms - 86400000 WHERE id = 'rb'");
  assert.equal((await retainInPostgres(database, retention, Date.now())).unknown, 1);
  const left = (await all(reader)).map(({ id, result, priceMicroUsd }) => [id, result, priceMicroUsd]);
  assert.deepEqual(left.sort(), [
    ['a1', undefined, undefined],
    ['b1', 'unknown', 70],
  ]);
  b.trail.finish(makeFinish('b1', money(5)));
  await b.trail.flush();
  const back = (await all(reader, { key: 'ci' })).find(({ id }) => id === 'b1');
  assert.deepEqual([back?.result, back?.priceMicroUsd], ['ok', 5], 'it came back, and knew better');
  assert.equal((await database.query('SELECT sum(micro_usd)::int AS spent FROM spend_by_level')).rows[0]?.spent, 5);
});

test('rows that are too old or too many go, by one replica at a time; running ones stay', { skip }, async (t) => {
  const url = await server.newDatabase();
  const database = await openForTest(t, url);
  const { trail } = await openShared(t, url, 'r1');
  const nowMs = 1_795_000_000_000;
  for (let i = 0; i < 1_000; i++)
    trail.record(
      makeIntent(`c${i}`, {
        atMs: nowMs - (i < 100 ? 5 : 1) * 86_400_000,
        arguments: JSON.stringify(randomBytes(1_000).toString('hex')),
      }),
      makeFinish(`c${i}`),
    );
  await trail.intend(makeIntent('running', { atMs: nowMs - 9 * 86_400_000 }));
  await trail.flush();
  const count = async (): Promise<unknown> => (await database.query('SELECT count(*) AS n FROM trail')).rows[0]?.n;
  const age = { maxAgeDays: 3, maxSizeMb: 1_000 };
  const both = await Promise.all([retainInPostgres(database, age, nowMs), retainInPostgres(database, age, nowMs)]);
  assert.equal(
    both.reduce((sum, { deleted }) => sum + deleted, 0),
    100,
  );
  assert.equal(await count(), 901);
  await retainInPostgres(database, { maxAgeDays: 3, maxSizeMb: 1 }, nowMs);
  const left = Number(await count());
  assert.ok(left > 200 && left < 700, `${left} rows are about a megabyte`);
  const reader = createPostgresTrailReader(database, undefined);
  assert.equal((await all(reader, { result: 'ok', limit: 1 }))[0]?.id, 'c999');
  assert.equal((await database.query("SELECT result FROM trail WHERE id = 'running'")).rows.length, 1);
});

const ROUNDS = 4;

test('after kill -9 at any moment every executed call is in PostgreSQL, once', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const url = await server.newDatabase();
  const database: Database = await openForTest(t, url);
  const dataDir = freshDir(t);
  const executedFile = join(dataDir, 'executed.txt');
  const script = join(import.meta.dirname, '../testing/kill-victim.ts');
  let child: ChildProcess | undefined;
  t.after(() => child?.kill('SIGKILL'));
  for (let round = 0; round < ROUNDS; round++) {
    const started = spawn(process.execPath, ['--expose-gc', script, dataDir, executedFile, 'async', url], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child = started;
    await once(started.stdout, 'data', { signal: AbortSignal.timeout(30_000) });
    await sleep(20 + Math.random() * 100);
    const gone = once(started, 'exit');
    started.kill('SIGKILL');
    await gone;
  }
  const replicaId = readFileSync(join(dataDir, 'replica-id'), 'utf8').trim();
  const reader = createPostgresTrailReader(database, { journalDir: join(dataDir, 'journal'), replicaId });
  await reader.fold();
  const rows = await all(reader, { kind: 'tools.call' });
  const ids = new Set(rows.map(({ id }) => id));
  const executed = readFileSync(executedFile, 'utf8').trimEnd().split('\n');
  assert.ok(executed.length > 500, `only ${executed.length} calls were executed`);
  assert.equal(ids.size, rows.length);
  assert.deepEqual(
    executed.filter((id) => !ids.has(id)),
    [],
    'no executed call is missing',
  );
  assert.ok(rows.every(({ result }) => result === 'ok' || result === 'unknown'));
  assert.deepEqual(
    readdirSync(join(dataDir, 'journal')).filter((name) => name.endsWith('.jsonl')),
    [],
  );
  t.diagnostic(`${ROUNDS} kills, ${executed.length} executed`);
});
