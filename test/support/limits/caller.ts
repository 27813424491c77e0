/**
 * For tests: a process that calls through a limit store of Redis, as a replica does. Arguments: address, name, how far its clock is
 * off (ms), calls at once, calls in all, most micro-dollars of the budget, most under way, ledger file. Each call sets 100 aside and
 * costs 60 to 100. What is admitted is written down, line by line, before it is made: `begin`, then `end <cost>`. Ends when all are made.
 */

import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitLine } from '../../../src/contracts/limits.ts';
import { Secret } from '../../../src/contracts/secret.ts';
import { createRedisLimitStore } from '../../../src/platform/stores/redis/limit-store.ts';
import { openRedis } from '../../../src/platform/stores/redis/open-redis.ts';

const [url = '', name = '', skew = '0', atOnce = '64', all = '100', budget = '0', most = '0', ledger = ''] =
  process.argv.slice(2);

const level = { type: 'team', id: 'team_1', name: 'research' } as const;
const shared = { level, on: undefined, alertAt: [] };
const MONEY: LimitLine = {
  ...shared,
  id: 'team/team_1/money/total//',
  what: 'money',
  max: Number(budget),
  span: { type: 'total' },
};
const MANY: LimitLine = {
  ...{ ...shared, id: 'team/team_1/concurrent///', what: 'concurrent', max: Number(most) },
  span: { type: 'concurrent' },
};

/** As the fold has it: what ended, and what began and was never heard of again, with what was set aside for it. */
function spent(): number {
  const lines = readFileSync(ledger, 'utf8').split('\n').filter(Boolean);
  const open = new Map<string, number>();
  for (const line of lines) {
    const [what, id = '', cost = '100'] = line.split(' ');
    open.set(id, what === 'end' ? Number(cost) : 100);
  }
  return [...open.values()].reduce((sum, each) => sum + each, 0);
}

const redis = await openRedis({ url: new Secret(url), timeoutMs: 1_000 });
const store = createRedisLimitStore({
  ...{ redis, keyPrefix: 'test:', spend: { spent }, deadAfterMs: 1_500 },
  now: () => Date.now() + Number(skew),
});

let left = Number(all);
let running = 0;
let made = 0;
const verdicts = { admitted: 0, refused: 0, unavailable: 0 };
async function call(): Promise<void> {
  const id = `${name}-${++made}`;
  const verdict = await store.enter(id, [
    { line: MANY, amount: 1 },
    { line: MONEY, amount: 100 },
  ]);
  verdicts[verdict.type]++;
  if (verdict.type !== 'admitted')
    return void (await sleep(verdict.type === 'refused' && verdict.line.id === MANY.id ? 50 : 20));
  running++;
  appendFileSync(ledger, `begin ${id} ${running}\n`);
  await sleep(5 + (made % 20));
  const cost = 60 + (made % 41);
  appendFileSync(ledger, `end ${id} ${cost}\n`);
  running--;
  verdict.leave([1, cost]);
}

async function work(): Promise<void> {
  while (left > 0) {
    left--;
    await call();
  }
}
process.stdout.write('ready\n');
await Promise.all(Array.from({ length: Number(atOnce) }, work));
await store[Symbol.asyncDispose]();
await redis[Symbol.asyncDispose]();
process.stdout.write(`${JSON.stringify(verdicts)}\n`);
