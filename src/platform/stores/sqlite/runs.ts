/** Runs of the agent loop on SQLite. */

import type { RunFilter, RunStore } from '../../../contracts/runs.ts';
import { RUN_COLUMNS, readRun, runValues } from '../run-row.ts';
import { followTable } from './follow-table.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';
import { standBack, whenFree } from './when-free.ts';

const MAX_PRUNED = 500;

/** Opens them in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openRunStore(options: { readonly dataDir: string }): RunStore {
  const db = openStore(options.dataDir);
  standBack(db);
  const followed = followTable(db, 'runs');
  // `cancel_requested` is last: a replacement keeps what is there.
  const kept = RUN_COLUMNS.slice(0, -1);
  const insert = db.prepare(
    `INSERT INTO runs (seq, ${RUN_COLUMNS.join(', ')}) VALUES (?, ${RUN_COLUMNS.map(() => '?').join(', ')})`,
  );
  const byId = db.prepare('SELECT * FROM runs WHERE id = ?');
  const waiting = db.prepare(
    `SELECT * FROM runs WHERE state = 'waiting' AND key_id = ? AND EXISTS
       (SELECT 1 FROM json_each(pending_json) p WHERE p.value IN (SELECT value FROM json_each(?)))
     ORDER BY made DESC LIMIT 1`,
  );
  const replace = db.prepare(
    `UPDATE runs SET (seq, ${kept.join(', ')}) = (?, ${kept.map(() => '?').join(', ')}) WHERE id = ? AND version = ?`,
  );
  const cancelWaiting = db.prepare(
    `UPDATE runs SET state = 'cancelled', ended_by = 'cancelled', pending_json = '[]', sealed_state = NULL
     WHERE id = ? AND state = 'waiting' AND cancel_requested = 1`,
  );
  const requestCancel = db.prepare(
    `UPDATE runs SET cancel_requested = 1, seq = ?1, updated_at_ms = ?2, version = version + (state = 'waiting')
     WHERE id = ?3 AND state IN ('running', 'waiting')`,
  );
  const selectLost = db.prepare("SELECT 1 FROM runs WHERE state = 'running' AND lease_until_ms <= ? LIMIT 1");
  const reap = db.prepare(
    `UPDATE runs SET state = 'failed', ended_by = 'lost', updated_at_ms = ?1, sealed_state = NULL, version = version + 1, seq = ?2
     WHERE made IN (SELECT made FROM runs WHERE state = 'running' AND lease_until_ms <= ?1 ORDER BY lease_until_ms LIMIT ?3)
     RETURNING *`,
  );
  const prune = db.prepare(
    `DELETE FROM runs WHERE made IN (SELECT made FROM runs WHERE state <> 'running' AND updated_at_ms < ?1
       AND (state <> 'waiting' OR expires_at_ms < ?1) LIMIT ${MAX_PRUNED})`,
  );

  return {
    async add(run) {
      await whenFree(() => inTransaction(db, () => insert.run(followed.nextSeq(), ...runValues(run))));
      followed.look();
    },
    async find(id) {
      const row = await whenFree(() => byId.get(id));
      return row && readRun(row);
    },
    async findWaiting(keyId, toolCallIds) {
      const row = await whenFree(() => waiting.get(keyId, JSON.stringify(toolCallIds)));
      return row && readRun(row);
    },
    async list(filter) {
      const { where, values } = conditionsOf(filter);
      const sql = `SELECT * FROM runs WHERE ${where} ORDER BY made DESC LIMIT ?`;
      return (await whenFree(() => db.prepare(sql).all(...values, filter.limit))).map(readRun);
    },
    async replace(next, expectedVersion) {
      const values = runValues({ ...next, version: expectedVersion + 1 }).slice(0, -1);
      const isReplaced = await whenFree(() =>
        inTransaction(db, () => {
          if (replace.run(followed.nextSeq(), ...values, next.id, expectedVersion).changes === 0) return false;
          if (next.state === 'waiting') cancelWaiting.run(next.id);
          return true;
        }),
      );
      followed.look();
      return isReplaced;
    },
    async requestCancel(id, nowMs) {
      const isAsked = await whenFree(() =>
        inTransaction(db, () => {
          if (requestCancel.run(followed.nextSeq(), nowMs, id).changes === 0) return false;
          cancelWaiting.run(id);
          return true;
        }),
      );
      followed.look();
      return isAsked;
    },
    async reap(nowMs, limit) {
      // Mostly there is nothing, and then nobody is kept from writing.
      if ((await whenFree(() => selectLost.get(nowMs))) === undefined) return [];
      const lost = await whenFree(() =>
        inTransaction(db, () => reap.all(nowMs, followed.nextSeq(), limit).map(readRun)),
      );
      followed.look();
      return lost;
    },
    prune: async (beforeMs) => Number((await whenFree(() => prune.run(beforeMs))).changes),
    onChange: followed.onChange,
    async [Symbol.asyncDispose]() {
      followed[Symbol.dispose]();
      if (db.isOpen) db.close();
    },
  };
}

function conditionsOf({ state, keyId, afterId }: RunFilter): { readonly where: string; readonly values: string[] } {
  const conditions = [
    { sql: 'state = ?', value: state },
    { sql: 'key_id = ?', value: keyId },
    { sql: 'made < (SELECT made FROM runs WHERE id = ?)', value: afterId },
  ].flatMap(({ sql, value }) => (value === undefined ? [] : [{ sql, value }]));
  return {
    where: ['1', ...conditions.map(({ sql }) => sql)].join(' AND '),
    values: conditions.map(({ value }) => value),
  };
}
