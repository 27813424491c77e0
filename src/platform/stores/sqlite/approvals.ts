/** Approvals on SQLite. */

import type { ApprovalFilter, ApprovalStore } from '../../../contracts/approvals.ts';
import { APPROVAL_COLUMNS, approvalValues, readApproval } from '../approval-row.ts';
import { followTable } from './follow-table.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';
import { standBack, whenFree } from './when-free.ts';

const MAX_PRUNED = 500;

/** Opens them in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openApprovalStore(options: { readonly dataDir: string }): ApprovalStore {
  const db = openStore(options.dataDir);
  standBack(db);
  const followed = followTable(db, 'approvals');
  const columns = APPROVAL_COLUMNS.join(', ');
  const marks = APPROVAL_COLUMNS.map(() => '?').join(', ');
  const insert = db.prepare(`INSERT INTO approvals (seq, ${columns}) VALUES (?, ${marks})`);
  const byId = db.prepare('SELECT * FROM approvals WHERE id = ?');
  const bySuggestion = db.prepare('SELECT * FROM approvals WHERE suggestion_id = ? ORDER BY made DESC LIMIT 1');
  const replace = db.prepare(`UPDATE approvals SET (seq, ${columns}) = (?, ${marks}) WHERE id = ? AND version = ?`);
  const selectDue = db.prepare("SELECT 1 FROM approvals WHERE state = 'pending' AND expires_at_ms <= ? LIMIT 1");
  const expire = db.prepare(
    `UPDATE approvals SET state = 'expired', version = version + 1, seq = ? WHERE made IN
       (SELECT made FROM approvals WHERE state = 'pending' AND expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)
     RETURNING *`,
  );
  const prune = db.prepare(
    `DELETE FROM approvals WHERE made IN
       (SELECT made FROM approvals WHERE state <> 'pending' AND expires_at_ms < ? LIMIT ${MAX_PRUNED})`,
  );

  return {
    async add(approval) {
      await whenFree(() => inTransaction(db, () => insert.run(followed.nextSeq(), ...approvalValues(approval))));
      followed.look();
    },
    async find(id) {
      const row = await whenFree(() => byId.get(id));
      return row && readApproval(row);
    },
    async ofSuggestion(suggestionId) {
      const row = await whenFree(() => bySuggestion.get(suggestionId));
      return row && readApproval(row);
    },
    async list(filter) {
      const { where, values } = conditionsOf(filter);
      const sql = `SELECT * FROM approvals WHERE ${where} ORDER BY made DESC LIMIT ?`;
      return (await whenFree(() => db.prepare(sql).all(...values, filter.limit))).map(readApproval);
    },
    async replace(next, expectedVersion) {
      const values = approvalValues({ ...next, version: expectedVersion + 1 });
      const isReplaced = await whenFree(() =>
        inTransaction(db, () => replace.run(followed.nextSeq(), ...values, next.id, expectedVersion).changes === 1),
      );
      followed.look();
      return isReplaced;
    },
    async expire(nowMs, limit) {
      // Mostly there is nothing, and then nobody is kept from writing.
      if ((await whenFree(() => selectDue.get(nowMs))) === undefined) return [];
      const expired = await whenFree(() =>
        inTransaction(db, () => expire.all(followed.nextSeq(), nowMs, limit).map(readApproval)),
      );
      followed.look();
      return expired;
    },
    prune: async (beforeMs) => Number((await whenFree(() => prune.run(beforeMs))).changes),
    onChange: followed.onChange,
    async [Symbol.asyncDispose]() {
      followed[Symbol.dispose]();
      if (db.isOpen) db.close();
    },
  };
}

function conditionsOf({ state, keyId, serverId, runId, afterId }: ApprovalFilter): {
  readonly where: string;
  readonly values: string[];
} {
  const conditions = [
    { sql: 'state = ?', value: state },
    { sql: 'key_id = ?', value: keyId },
    { sql: 'server_id = ?', value: serverId },
    { sql: 'run_id = ?', value: runId },
    { sql: 'made < (SELECT made FROM approvals WHERE id = ?)', value: afterId },
  ].flatMap(({ sql, value }) => (value === undefined ? [] : [{ sql, value }]));
  return {
    where: ['1', ...conditions.map(({ sql }) => sql)].join(' AND '),
    values: conditions.map(({ value }) => value),
  };
}
