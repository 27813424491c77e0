/** Limits that three processes share in a real Redis: what one is killed in the midst of, and what Redis forgets. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis, startRedis } from '../support/redis.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const CALLER = join(import.meta.dirname, '../support/limits/caller.ts');
const SET_ASIDE = 100;
const skip = hasRedis() ? false : 'there is no redis-server here';

interface Verdicts {
  readonly admitted: number;
  readonly refused: number;
  readonly unavailable: number;
}

async function setUp(t: TestContext) {
  const redis = await startRedis(t);
  const ledger = join(await createTempDir(t), 'ledger');
  writeFileSync(ledger, '');
  const start = (name: string, options: { calls: number; budget: number; most: number; skewMs?: number }) => {
    const args = [name, options.skewMs ?? 0, 64, options.calls, options.budget, options.most, ledger].map(String);
    const child = spawn(process.execPath, [CALLER, redis.url, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => void child.kill('SIGKILL'));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    const verdicts = async (): Promise<Verdicts> => {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return JSON.parse(text.trim().split('\n').at(-1) ?? '') as Verdicts;
    };
    return { child, verdicts };
  };
  const read = () => {
    const calls = new Map<string, { cost: number | undefined }>();
    let running = 0;
    let mostRunning = 0;
    for (const line of readFileSync(ledger, 'utf8').split('\n').filter(Boolean)) {
      const [what, id = '', cost] = line.split(' ');
      calls.set(id, { cost: what === 'end' ? Number(cost) : undefined });
      running += what === 'begin' ? 1 : -1;
      mostRunning = Math.max(mostRunning, running);
    }
    const ended = [...calls.values()].flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
    return {
      began: calls.size,
      spent: ended.reduce((sum, cost) => sum + cost, 0),
      open: calls.size - ended.length,
      mostRunning,
    };
  };
  return { redis, start, read };
}

const killed = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL');
  await once(child, 'exit');
};

test('three processes with 64 callers each spend no more than the budget, and have no more under way than allowed', {
  skip,
}, async (t) => {
  const { start, read } = await setUp(t);
  const [budget, most] = [30_000, 40];
  const replicas = ['a', 'b', 'c'].map((name, i) => start(name, { calls: 400, budget, most, skewMs: i * 300_000 }));
  const verdicts = await Promise.all(replicas.map((each) => each.verdicts()));
  const { spent, open, mostRunning, began } = read();
  assert.equal(
    verdicts.reduce((sum, { admitted }) => sum + admitted, 0),
    began,
  );
  assert.ok(
    verdicts.every(({ refused, unavailable }) => refused > 0 && unavailable === 0),
    JSON.stringify(verdicts),
  );
  assert.equal(open, 0);
  assert.ok(spent <= budget && spent > budget - 2 * SET_ASIDE, `${spent} of ${budget} were spent`);
  // Whoever writes its end gives its place back a moment later, so no more than the allowed can stand in the file.
  assert.ok(mostRunning <= most, `${mostRunning} were under way`);
});

test('what a killed process had under way is free again, and what it had set aside stays spent', {
  skip,
}, async (t) => {
  const { start, read } = await setUp(t);
  const [budget, most] = [1_000_000, 64];
  const victim = start('a', { calls: 100_000, budget, most });
  await waitFor('the victim to have much under way', () => read().began > 200);
  await killed(victim.child);
  const { open, began } = read();
  assert.ok(open > 0, 'nothing was under way when it was killed');
  const other = start('b', { calls: 4_000, budget, most });
  const { admitted } = await other.verdicts();
  const after = read();
  assert.equal(after.began, began + admitted);
  assert.ok(admitted > 100, `only ${admitted} found a place that the dead had`);
  assert.ok(after.spent + after.open * SET_ASIDE <= budget);
});

test('a Redis that forgets everything in the midst is read anew from the ledger; nobody spends more than was in flight', {
  skip,
}, async (t) => {
  const { redis, start, read } = await setUp(t);
  const [budget, most] = [40_000, 1_000];
  const replicas = ['a', 'b', 'c'].map((name) => start(name, { calls: 700, budget, most }));
  await waitFor('half of it to be spent', () => read().spent > budget / 2);
  await redis.restart();
  const verdicts = await Promise.all(replicas.map((each) => each.verdicts()));
  const { spent } = read();
  // What was under way when it forgot may come on top: 64 callers at each of three.
  assert.ok(spent <= budget + 3 * 64 * SET_ASIDE, `${spent} of ${budget} were spent`);
  // A call that ended while it was read anew may be counted by both, so a little may be left over.
  assert.ok(spent > budget * 0.8, `${spent} of ${budget} were spent`);
  assert.ok(verdicts.some(({ unavailable }) => unavailable > 0));
});

test('while Redis is away it says so, and goes on when it is back', { skip }, async (t) => {
  const { redis, start, read } = await setUp(t);
  const replica = start('a', { calls: 3_000, budget: 10_000_000, most: 1_000 });
  await waitFor('calls to be made', () => read().began > 100);
  await redis.kill();
  await sleep(300);
  const { began } = read();
  await sleep(300);
  assert.equal(read().began, began, 'calls went through without anybody counting them');
  await redis.restart();
  await waitFor('calls to be made again', () => read().began > began + 50);
  await killed(replica.child);
});
