/** Runs of the agent loop on PostgreSQL, for all replicas. Writers queue at one counter, so that every replica hears of each change. */

import type { Log } from '../../../contracts/log.ts';
import type { RunFilter, RunStore } from '../../../contracts/runs.ts';
import { RUN_COLUMNS, readRun, runValues } from '../run-row.ts';
import { type Changes, moveOn } from './follow-changes.ts';
import { followTable } from './follow-table.ts';
import type { Database, Query } from './open-database.ts';
import { storableText, storableValues } from './storable-text.ts';

const MAX_PRUNED = 500;
/** `cancel_requested` is last: a replacement keeps what is there. */
const KEPT = RUN_COLUMNS.slice(0, -1);
/** After the number of the change. */
const marksOf = (columns: readonly string[]): string => columns.map((_, index) => `$${index + 2}`).join(', ');

/** Leaves database and changes open. Rejects if the database cannot be read. */
export async function openRunStore(database: Database, changes: Changes, log: Log): Promise<RunStore> {
  const { query, schema } = database;
  const followed = await followTable({ query, changes, log, table: 'runs' });
  const select = async (rest: string, values: readonly unknown[]) =>
    (await query(`SELECT * FROM runs WHERE ${rest}`, values)).rows.map(readRun);
  /** In a transaction with a number of its own, of which every replica hears. */
  const change = async <T>(work: (inside: Query, seq: number) => Promise<T>): Promise<T> => {
    const done = await database.transaction(async (inside) => work(inside, await moveOn(inside, schema, 'runs')));
    changes.look();
    return done;
  };

  return {
    add: (run) =>
      change(async (inside, seq) => {
        const values = storableValues(runValues(withStorablePending(run)));
        await inside(`INSERT INTO runs (seq, ${RUN_COLUMNS.join(', ')}) VALUES ($1, ${marksOf(RUN_COLUMNS)})`, [
          seq,
          ...values,
        ]);
      }),
    find: async (id) => (await select('id = $1', [storableText(id)]))[0],
    findWaiting: async (keyId, toolCallIds) =>
      (
        await select(
          `state = 'waiting' AND key_id = $1 AND EXISTS (
             SELECT 1 FROM json_array_elements_text(pending_json::json) p WHERE p = ANY ($2))
           ORDER BY made DESC LIMIT 1`,
          [keyId, toolCallIds.map(storableText)],
        )
      )[0],
    list(filter) {
      const { where, values } = conditionsOf(filter);
      return select(`${where} ORDER BY made DESC LIMIT $1`, [filter.limit, ...values]);
    },
    replace(next, expectedVersion) {
      const changed = withStorablePending({ ...next, version: expectedVersion + 1 });
      const values = storableValues(runValues(changed)).slice(0, -1);
      return change(async (inside, seq) => {
        const { changes: written } = await inside(
          `UPDATE runs SET (seq, ${KEPT.join(', ')}) = ROW ($1, ${marksOf(KEPT)}) WHERE id = $2 AND version = $${values.length + 2}`,
          [seq, ...values, expectedVersion],
        );
        if (written === 0) return false;
        if (next.state === 'waiting') await cancelWaiting(inside, next.id);
        return true;
      });
    },
    requestCancel: (id, nowMs) =>
      change(async (inside, seq) => {
        const { changes: asked } = await inside(
          `UPDATE runs SET cancel_requested = 1, seq = $1, updated_at_ms = $2,
             version = version + CASE state WHEN 'waiting' THEN 1 ELSE 0 END
           WHERE id = $3 AND state IN ('running', 'waiting')`,
          [seq, nowMs, storableText(id)],
        );
        if (asked === 0) return false;
        await cancelWaiting(inside, id);
        return true;
      }),
    async reap(nowMs, limit) {
      // Mostly there is nothing, and then nobody is kept from writing.
      const lost = "state = 'running' AND lease_until_ms <= $1";
      if ((await query(`SELECT 1 FROM runs WHERE ${lost} LIMIT 1`, [nowMs])).rows.length === 0) return [];
      return change(async (inside, seq) => {
        const { rows } = await inside(
          `UPDATE runs SET state = 'failed', ended_by = 'lost', updated_at_ms = $1, sealed_state = NULL,
             version = version + 1, seq = $2
           WHERE made IN (SELECT made FROM runs WHERE ${lost} ORDER BY lease_until_ms LIMIT $3)
           RETURNING *`,
          [nowMs, seq, limit],
        );
        return rows.map(readRun);
      });
    },
    async prune(beforeMs) {
      const { changes: gone } = await query(
        `DELETE FROM runs WHERE made IN (
           SELECT made FROM runs WHERE state <> 'running' AND updated_at_ms < $1
             AND (state <> 'waiting' OR expires_at_ms < $1)
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

/** Its JSON is read again by the database, which has no place for U+0000. */
function withStorablePending<T extends { readonly pending: readonly string[] }>(run: T): T {
  return { ...run, pending: run.pending.map(storableText) };
}

async function cancelWaiting(query: Query, id: string): Promise<void> {
  await query(
    `UPDATE runs SET state = 'cancelled', ended_by = 'cancelled', pending_json = '[]', sealed_state = NULL
     WHERE id = $1 AND state = 'waiting' AND cancel_requested = 1`,
    [storableText(id)],
  );
}

/** Its marks begin at $2. */
function conditionsOf({ state, keyId, afterId }: RunFilter): {
  readonly where: string;
  readonly values: readonly string[];
} {
  const conditions = [
    { sql: (mark: string) => `state = ${mark}`, value: state },
    { sql: (mark: string) => `key_id = ${mark}`, value: keyId },
    { sql: (mark: string) => `made < (SELECT made FROM runs WHERE id = ${mark})`, value: afterId },
  ].flatMap(({ sql, value }) => (value === undefined ? [] : [{ sql, value: storableText(value) }]));
  return {
    where: ['true', ...conditions.map(({ sql }, index) => sql(`$${index + 2}`))].join(' AND '),
    values: conditions.map(({ value }) => value),
  };
}
