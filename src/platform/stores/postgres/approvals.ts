/** Approvals on PostgreSQL, for all replicas. Writers queue at one counter, so that every replica hears of each change. */

import type { ApprovalFilter, ApprovalStore } from '../../../contracts/approvals.ts';
import type { Log } from '../../../contracts/log.ts';
import { APPROVAL_COLUMNS, approvalValues, readApproval } from '../approval-row.ts';
import { type Changes, moveOn } from './follow-changes.ts';
import { followTable } from './follow-table.ts';
import type { Database } from './open-database.ts';
import { storableText, storableValues } from './storable-text.ts';

const MAX_PRUNED = 500;
const COLUMNS = APPROVAL_COLUMNS.join(', ');
/** After the number of the change. */
const MARKS = APPROVAL_COLUMNS.map((_, index) => `$${index + 2}`).join(', ');

/** Leaves database and changes open. Rejects if the database cannot be read. */
export async function openApprovalStore(database: Database, changes: Changes, log: Log): Promise<ApprovalStore> {
  const { query, schema } = database;
  const followed = await followTable({ query, changes, log, table: 'approvals' });
  const select = async (rest: string, values: readonly unknown[]) =>
    (await query(`SELECT * FROM approvals WHERE ${rest}`, values)).rows.map(readApproval);

  return {
    async add(approval) {
      await database.transaction(async (inside) => {
        const seq = await moveOn(inside, schema, 'approvals');
        const values = storableValues(approvalValues(approval));
        await inside(`INSERT INTO approvals (seq, ${COLUMNS}) VALUES ($1, ${MARKS})`, [seq, ...values]);
      });
      changes.look();
    },
    find: async (id) => (await select('id = $1', [storableText(id)]))[0],
    ofSuggestion: async (id) => (await select('suggestion_id = $1 ORDER BY made DESC LIMIT 1', [storableText(id)]))[0],
    list(filter) {
      const { where, values } = conditionsOf(filter);
      return select(`${where} ORDER BY made DESC LIMIT $1`, [filter.limit, ...values]);
    },
    async replace(next, expectedVersion) {
      const values = storableValues(approvalValues({ ...next, version: expectedVersion + 1 }));
      const isReplaced = await database.transaction(async (inside) => {
        const seq = await moveOn(inside, schema, 'approvals');
        const last = values.length + 2;
        const { changes: written } = await inside(
          `UPDATE approvals SET (seq, ${COLUMNS}) = ROW ($1, ${MARKS}) WHERE id = $2 AND version = $${last}`,
          [seq, ...values, expectedVersion],
        );
        return written === 1;
      });
      changes.look();
      return isReplaced;
    },
    async expire(nowMs, limit) {
      // Mostly there is nothing, and then nobody is kept from writing.
      const due = "state = 'pending' AND expires_at_ms <= $1";
      if ((await query(`SELECT 1 FROM approvals WHERE ${due} LIMIT 1`, [nowMs])).rows.length === 0) return [];
      const expired = await database.transaction(async (inside) => {
        const seq = await moveOn(inside, schema, 'approvals');
        const { rows } = await inside(
          `UPDATE approvals SET state = 'expired', version = version + 1, seq = $2 WHERE made IN (
             SELECT made FROM approvals WHERE ${due} ORDER BY expires_at_ms LIMIT $3)
           RETURNING *`,
          [nowMs, seq, limit],
        );
        return rows.map(readApproval);
      });
      changes.look();
      return expired;
    },
    async prune(beforeMs) {
      const { changes: gone } = await query(
        `DELETE FROM approvals WHERE made IN (
           SELECT made FROM approvals WHERE state <> 'pending' AND expires_at_ms < $1
           LIMIT ${MAX_PRUNED} FOR UPDATE SKIP LOCKED)`,
        [beforeMs],
      );
      return gone;
    },
    onChange: followed.onChange,
    async [Symbol.asyncDispose]() {
      followed[Symbol.dispose]();
    },
  };
}

/** Its marks begin at $2. */
function conditionsOf({ state, keyId, serverId, runId, afterId }: ApprovalFilter): {
  readonly where: string;
  readonly values: readonly string[];
} {
  const conditions = [
    { sql: (mark: string) => `state = ${mark}`, value: state },
    { sql: (mark: string) => `key_id = ${mark}`, value: keyId },
    { sql: (mark: string) => `server_id = ${mark}`, value: serverId },
    { sql: (mark: string) => `run_id = ${mark}`, value: runId },
    { sql: (mark: string) => `made < (SELECT made FROM approvals WHERE id = ${mark})`, value: afterId },
  ].flatMap(({ sql, value }) => (value === undefined ? [] : [{ sql, value: storableText(value) }]));
  return {
    where: ['true', ...conditions.map(({ sql }, index) => sql(`$${index + 2}`))].join(' AND '),
    values: conditions.map(({ value }) => value),
  };
}
