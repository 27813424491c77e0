import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { usePostgres } from '../../../../test/support/postgres.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import type { LimitLine, LimitUse } from '../../../contracts/limits.ts';
import { createPostgresLimitStore } from './limit-store.ts';
import { openForTest } from './testing/open-for-test.ts';

const { skip, server } = usePostgres();

const PROCESS = fileURLToPath(new URL('testing/limit-process.ts', import.meta.url));

function lineOf(what: LimitLine['what'], max: number, span: LimitLine['span']): LimitLine {
  const level = { type: 'team', id: 't', name: 't' } as const;
  return { id: `team/t/${what}`, level, what, max, span, on: undefined, alertAt: [] };
}
const money = lineOf('money', 3_000, { type: 'total' });
const requests = lineOf('requests', 70, { type: 'sliding', spanMs: 3_600_000 });
const many = lineOf('concurrent', 40, { type: 'concurrent' });

async function count(
  t: TestContext,
  url: string,
  uses: readonly LimitUse[],
  { shiftMs = 0, holds = false } = {},
): Promise<{ child: ChildProcess; admitted: number }> {
  const args = [PROCESS, url, String(shiftMs), JSON.stringify(uses), holds ? 'holds' : ''];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  return { child, admitted: Number(String(said)) };
}

test('three processes with 64 calls each get no more than there is, though the clock of one is off', {
  skip,
}, async (t) => {
  const url = await server.newDatabase();
  const database = await openForTest(t, url);
  const uses = [
    { line: money, amount: 30 },
    { line: requests, amount: 1 },
  ];
  const shifts = [0, 300_000, 0];
  const counted = await Promise.all(shifts.map((shiftMs) => count(t, url, uses, { shiftMs })));
  assert.equal(
    counted.reduce((sum, { admitted }) => sum + admitted, 0),
    70,
  );
  const store = createPostgresLimitStore({ database, spend: { spent: () => 0 }, now: Date.now, timeoutMs: 20_000 });
  t.after(() => store[Symbol.asyncDispose]());
  assert.equal(await store.used(money), 70 * 30);
  assert.equal(await store.used(requests), 70);
});

test('what a killed process had under way comes free, and its money is read from the ledger', { skip }, async (t) => {
  const url = await server.newDatabase();
  const database = await openForTest(t, url);
  const uses = [
    { line: many, amount: 1 },
    { line: money, amount: 30 },
  ];
  const { child, admitted } = await count(t, url, uses, { holds: true });
  assert.equal(admitted, 40);
  const store = createPostgresLimitStore({
    ...{ database, now: Date.now, timeoutMs: 20_000, deadAfterMs: 1_500, leaseMs: 1_500 },
    // Of those calls half had been made.
    spend: { spent: () => 600 },
  });
  t.after(() => store[Symbol.asyncDispose]());
  assert.equal((await store.enter('other', uses)).type, 'refused');
  assert.equal(await store.used(money), 1_200);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await waitFor('its calls to come free', async () => (await store.used(many)) === 0);
  await waitFor('its money to be read', async () => (await store.used(money)) === 600);
  assert.equal((await store.enter('other', uses)).type, 'admitted');
});
