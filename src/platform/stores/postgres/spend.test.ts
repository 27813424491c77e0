import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usePostgres } from '../../../../test/support/postgres.ts';
import { createSpendStore } from './spend.ts';
import { openForTest } from './testing/open-for-test.ts';

const { skip, server } = usePostgres();

const QUARTER = 900_000;

test('the ledger counts a priced call for every level once, follows corrections, and outlives the rows', {
  skip,
}, async (t) => {
  const database = await openForTest(t, await server.newDatabase());
  const put = (id: string, fields: object): Promise<unknown> => {
    const row = {
      id,
      seq: Number(id),
      replica_id: 'r',
      run_id: 'r',
      trace_id: 't',
      kind: 'tools.call',
      surface: 'mcp',
      name: 'n',
      ...fields,
    };
    const columns = Object.keys(row);
    return database.query(
      `INSERT INTO trail (${columns.join(', ')}) VALUES (${columns.map((_, i) => `$${i + 1}`).join(', ')})`,
      Object.values(row),
    );
  };
  const who = { key_id: 'k', team_id: 't', organization_id: 'o', server_id: 's', target: 'x' };
  await put('1', { ...who, at_ms: 5, price_micro_usd: 10 });
  await put('2', { ...who, at_ms: QUARTER + 5, price_micro_usd: 20, target: 'y' });
  await put('3', { ...who, at_ms: QUARTER + 6 });
  await put('4', { ...who, key_id: null, at_ms: 7, price_micro_usd: 100, kind: 'chat' });
  const { spent } = createSpendStore({
    query: database.query,
    speaksOf: (on, { kind, server, name }) => on.includes(`${kind}:${server}/${name}`),
  });
  const of = (type: 'key' | 'user' | 'team' | 'organization', id: string, sinceMs: number, on?: string[]) =>
    spent({ level: { type, id, name: '' }, on }, sinceMs);
  assert.equal(await of('key', 'k', 0), 30);
  assert.equal(await of('key', 'k', QUARTER + 1), 20, 'whole quarters, the running one too');
  assert.equal(await of('team', 't', 0), 130);
  assert.equal(await of('organization', 'o', 0, ['tool:s/x']), 10);
  assert.equal(await of('team', 't', 0, ['model:s/x', 'tool:s/y']), 120);
  assert.equal(await of('user', 'u', 0), 0);
  await database.query("UPDATE trail SET price_micro_usd = 7 WHERE id = '3'");
  await database.query("UPDATE trail SET price_micro_usd = 12 WHERE id = '1'");
  await database.query("UPDATE trail SET server_id = 'other' WHERE id = '4'");
  assert.equal(await of('key', 'k', 0), 39);
  assert.equal(await of('team', 't', 0, ['model:s/x']), 0);
  assert.equal(await of('team', 't', 0, ['model:other/x']), 100);
  await database.query('DELETE FROM trail');
  assert.equal(await of('key', 'k', 0), 39);
  assert.deepEqual((await database.query('SELECT until_ms FROM spend_rows_gone')).rows, [{ until_ms: QUARTER + 6 }]);
  assert.deepEqual((await database.query('SELECT sum(calls)::int AS n FROM spend_by_level')).rows, [{ n: 3 + 4 + 4 }]);
});
