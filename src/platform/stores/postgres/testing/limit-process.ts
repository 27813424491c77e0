/** For tests: a process that counts in PostgreSQL: enters and leaves 64 at a time, tells its parent, and holds what it is told to. */

import type { LimitUse } from '../../../../contracts/limits.ts';
import { createPostgresLimitStore } from '../limit-store.ts';
import { openDatabase } from '../open-database.ts';

const [url = '', shiftMs = '0', uses = '[]', holds = ''] = process.argv.slice(2);
const database = await openDatabase({ url, schema: 'portcullis', poolSize: 4 }, { warn: () => undefined });
const store = createPostgresLimitStore({
  database,
  spend: { spent: () => 0 },
  now: () => Date.now() + Number(shiftMs),
  timeoutMs: 20_000,
  deadAfterMs: 1_500,
  leaseMs: 1_500,
});
const wanted = JSON.parse(uses) as LimitUse[];
const verdicts = await Promise.all(Array.from({ length: 64 }, (_, i) => store.enter(`${process.pid}-${i}`, wanted)));
const admitted = verdicts.filter((each) => each.type === 'admitted');
if (holds === '') {
  for (const each of admitted) each.leave(wanted.map(({ amount }) => amount));
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
}
process.stdout.write(`${admitted.length}\n`);
if (holds !== '') setInterval(() => undefined, 60_000);
