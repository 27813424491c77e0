/** What adding up the trail anew has to find, whichever engine keeps it. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SpendReport } from '../../src/platform/audit/verify-spend.ts';

export interface VerifiedStore {
  exec(sql: string): unknown;
  verify(): SpendReport | Promise<SpendReport>;
}

const QUARTER = 900_000;

/** `open`: an empty store with its newest schema; `columns` and `values` are what its rows need besides. */
export function testVerifySpend(
  engine: string,
  skip: string | false,
  open: (t: TestContext) => Promise<VerifiedStore>,
  needed: { readonly columns: string; readonly values: string },
): void {
  const spendSome = async (t: TestContext): Promise<VerifiedStore> => {
    const store = await open(t);
    for (const quarter of [1, 2, 3])
      await store.exec(`INSERT INTO trail (id, seq, kind, surface, name, server_id, target, key_id, team_id, at_ms,
        ${needed.columns}) VALUES ('c${quarter}', ${quarter}, 'tools.call', 'mcp', 'x', 'a', 'x', 'k1', 't1', ${quarter * QUARTER + 5},
        ${needed.values})`);
    await store.exec('UPDATE trail SET price_micro_usd = 10');
    return store;
  };

  test(`${engine}: a figure that is not the sum of its calls is found, and named`, { skip }, async (t) => {
    const { exec, verify } = await spendSome(t);
    assert.deepEqual(await verify(), { figures: 12, rowsGoneUntilMs: -1, differences: [] });
    await exec(`UPDATE spend_by_level SET micro_usd = 11 WHERE level_type = 'team' AND at_ms = ${2 * QUARTER}`);
    await exec(`DELETE FROM spend_by_target WHERE level_type = 'key' AND at_ms = ${3 * QUARTER}`);
    assert.deepEqual((await verify()).differences, [
      { level: { type: 'team', id: 't1' }, atMs: 2 * QUARTER, target: undefined, ledger: 11, rows: 10 },
      { level: { type: 'key', id: 'k1' }, atMs: 3 * QUARTER, target: 'a/x', ledger: 0, rows: 10 },
    ]);
  });

  test(`${engine}: where rows are gone only newer figures are compared, corrected ones too`, { skip }, async (t) => {
    const { exec, verify } = await spendSome(t);
    await exec("DELETE FROM trail WHERE id = 'c1'");
    await exec("UPDATE trail SET price_micro_usd = 7, server_id = 'b' WHERE id = 'c3'");
    assert.deepEqual(await verify(), { figures: 8, rowsGoneUntilMs: QUARTER + 5, differences: [] });
  });
}
