import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockDataDir } from './lock-data-dir.ts';
import { openTrailReader } from './open-trail-reader.ts';
import { freshDir } from './testing/fresh-dir.ts';

const ROUNDS = 20;
const LANES = 4;
const LIMIT = { timeout: 120_000 };

const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

async function start(script: string, args: readonly string[]): Promise<ChildProcess> {
  const path = join(import.meta.dirname, 'testing', script);
  const child = spawn(process.execPath, ['--expose-gc', path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.add(child);
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(30_000) });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

test(
  'after kill -9 at any moment every executed call is in the trail, once, and says unknown if it has no finish',
  LIMIT,
  async (t) => {
    const dataDir = freshDir(t);
    const executedFile = join(dataDir, 'executed.txt');
    for (let round = 0; round < ROUNDS; round++) {
      const child = await start('kill-victim.ts', [dataDir, executedFile, round % 4 === 3 ? 'sync' : 'async']);
      await sleep(Math.random() * 150);
      await kill(child);
      // Mostly the next gateway takes over; sometimes somebody looks first.
      if (round % 5 !== 0) continue;
      const reader = openTrailReader(dataDir);
      reader.fold();
      assert.deepEqual(
        [...reader.query({})].filter((row) => row.result === undefined),
        [],
      );
      reader.close();
    }

    const reader = openTrailReader(dataDir);
    t.after(() => reader.close());
    reader.fold();
    const rows = [...reader.query({ kind: 'tools.call' })];
    const byId = new Map(rows.map((row) => [row.id, row]));
    const executed = readFileSync(executedFile, 'utf8').trimEnd().split('\n');
    assert.ok(executed.length > 1_000, `only ${executed.length} calls were executed`);
    assert.equal(byId.size, rows.length, 'no row is doubled');
    assert.deepEqual(
      executed.filter((id) => !byId.has(id)),
      [],
      'no executed call is missing',
    );
    for (const row of rows) {
      const neverFinished = Number(row.id.split('-')[2]) % 7 === 0;
      if (neverFinished) assert.equal(row.result, 'unknown', row.id);
      else assert.ok(row.result === 'ok' || row.result === 'unknown', `${row.id} says ${row.result}`);
    }
    assert.ok(rows.filter((row) => row.result === 'ok').length > rows.length / 2, 'most finishes arrived');
    // What was intended but not executed: at most what each lane was about to do when it was killed.
    assert.ok(rows.length - executed.length <= ROUNDS * LANES);
    assert.deepEqual(readdirSync(join(dataDir, 'journal')), [], 'nothing stays behind');
    t.diagnostic(
      `${ROUNDS} kills, ${executed.length} executed, ${rows.filter((row) => row.result === 'unknown').length} unknown`,
    );
  },
);

test('several processes that fold while the gateway writes take each line once', LIMIT, async (t) => {
  const dataDir = freshDir(t);
  const victim = await start('kill-victim.ts', [dataDir, join(dataDir, 'executed.txt'), 'async']);
  const folders = await Promise.all([1, 2].map(() => start('fold-until-told.ts', [dataDir])));
  await sleep(300);
  await kill(victim);
  const reports = await Promise.all(
    folders.map(async (folder) => {
      const told = once(folder.stdout ?? folder, 'data', { signal: AbortSignal.timeout(30_000) });
      const exit = once(folder, 'exit');
      folder.stdin?.end();
      const [output] = (await told) as [Buffer];
      assert.deepEqual(await exit, [0, null]);
      return JSON.parse(output.toString()) as { folded: number; skipped: number };
    }),
  );
  const reader = openTrailReader(dataDir);
  t.after(() => reader.close());
  const last = reader.fold();
  const rows = [...reader.query({})];
  const executed = readFileSync(join(dataDir, 'executed.txt'), 'utf8').trimEnd().split('\n');
  const ids = new Set(rows.map((row) => row.id));
  assert.equal(ids.size, rows.length);
  assert.deepEqual(
    executed.filter((id) => !ids.has(id)),
    [],
  );
  assert.deepEqual([last.folded, last.unknown], [0, 0], 'the folders left nothing');
  const told = JSON.stringify(reports);
  assert.ok(
    reports.some(({ folded }) => folded > 0),
    `they did fold: ${told}`,
  );
  // A line taken twice has no effect the second time and counts as skipped; so does the one the kill may have torn.
  assert.ok(reports.reduce((sum, { skipped }) => sum + skipped, last.skipped) <= 1, told);
});

test('a second gateway is kept off the data directory until the first is dead, however it died', LIMIT, async (t) => {
  const dataDir = freshDir(t);
  const victim = await start('kill-victim.ts', [dataDir, join(dataDir, 'executed.txt'), 'async']);
  assert.throws(() => lockDataDir(dataDir), new RegExp(`another gateway \\(process ${victim.pid}\\) is running`));
  await kill(victim);
  const lock = lockDataDir(dataDir);
  assert.throws(() => lockDataDir(dataDir), /another gateway/, 'not even in the same process');
  assert.throws(() => lockDataDir(dataDir), /another gateway/, 'and asking does not loosen it');
  lock.release();
  lockDataDir(dataDir).release();
});
