/** Keeps the trail in PostgreSQL within its bounds; of all replicas one at a time does. */

import type { SealKey } from '../../../contracts/sealing.ts';
import { moveOn } from '../../stores/postgres/follow-changes.ts';
import type { Database, Query } from '../../stores/postgres/open-database.ts';
import type { Retention } from '../retain.ts';
import { extendChain, removeFromChain } from './chain.ts';
import { markUnknown } from './write-rows.ts';

const ROWS_PER_STEP = 5_000;
const DAY_MS = 86_400_000;
/** A replica that was not here for so long is taken for gone; if it comes back, it still knows better. */
const GONE_MS = 3_600_000;
/** What a row takes besides its text: its head, and its place in the indexes. */
const INDEX_BYTES = 250;
const NOW_MS = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

export interface Retained {
  readonly deleted: number;
  /** Calls of replicas that are gone. */
  readonly unknown: number;
  readonly more: boolean;
}

/** Notes that this replica is here. */
export async function noteReplica({ query }: Pick<Database, 'query'>, replicaId: string): Promise<void> {
  await query(
    `INSERT INTO replica (id, seen_at_ms) VALUES ($1, ${NOW_MS}) ON CONFLICT (id) DO UPDATE SET seen_at_ms = ${NOW_MS}`,
    [replicaId],
  );
}

/** One step, or nothing where another replica is at it. */
export async function retainInPostgres(database: Database, retention: Retention, nowMs: number): Promise<Retained> {
  const { schema } = database;
  return database.transaction(async (query) => {
    const lock = await query('SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS is_ours', [
      `portcullis/${schema}/retain`,
    ]);
    if (lock.rows[0]?.is_ours !== true) return { deleted: 0, unknown: 0, more: false };
    const unknown = await endGoneReplicas(query, schema, retention.key);
    const before = Math.floor(nowMs - retention.maxAgeDays * DAY_MS);
    const tooOld = await query(
      `DELETE FROM trail WHERE row IN
         (SELECT row FROM trail WHERE at_ms < $1 AND result IS NOT NULL ORDER BY at_ms LIMIT ${ROWS_PER_STEP}) RETURNING id`,
      [before],
    );
    const gone = tooOld.rows.length > 0 ? tooOld.rows : await deleteSurplus(query, retention.maxSizeMb * 1_000_000);
    const deleted = gone.length;
    if (deleted > 0) {
      const firstSeq = (await moveOn(query, schema, 'trail', deleted)) - deleted + 1;
      const entries = gone.map(({ id }, index) => ({ seq: firstSeq + index, id: String(id) }));
      await removeFromChain(query, retention.key, entries);
    }
    return { deleted, unknown, more: deleted === ROWS_PER_STEP };
  });
}

/** A table keeps the room of deleted rows, so beyond its size those that are left are estimated, by the oldest and the newest. */
async function deleteSurplus(query: Query, maxBytes: number): Promise<readonly { readonly id?: unknown }[]> {
  const { rows } = await query("SELECT pg_total_relation_size('trail') AS bytes");
  if (Number(rows[0]?.bytes) <= maxBytes) return [];
  await query('ANALYZE trail');
  const estimate = await query(
    `SELECT reltuples AS rows, (SELECT coalesce(avg(octet_length(sample::text)), 0) FROM
       ((SELECT * FROM trail ORDER BY row LIMIT 500) UNION ALL (SELECT * FROM trail ORDER BY row DESC LIMIT 500)) sample
     ) AS text_bytes FROM pg_class WHERE oid = 'trail'::regclass`,
  );
  const rowBytes = Number(estimate.rows[0]?.text_bytes) + INDEX_BYTES;
  const surplus = Math.floor(Number(estimate.rows[0]?.rows) - maxBytes / rowBytes);
  if (surplus <= 0) return [];
  const removed = await query(
    'DELETE FROM trail WHERE row IN (SELECT row FROM trail WHERE result IS NOT NULL ORDER BY row LIMIT $1) RETURNING id',
    [Math.min(surplus, ROWS_PER_STEP)],
  );
  return removed.rows;
}

async function endGoneReplicas(query: Query, schema: string, key: SealKey | undefined): Promise<number> {
  const { rows } = await query(
    `SELECT DISTINCT t.replica_id, t.run_id FROM trail t JOIN replica r ON r.id = t.replica_id
     WHERE t.result IS NULL AND r.seen_at_ms < ${NOW_MS} - ${GONE_MS} LIMIT 10`,
  );
  let marked = 0;
  for (const row of rows) {
    const firstSeq = (await moveOn(query, schema, 'trail', ROWS_PER_STEP)) - ROWS_PER_STEP + 1;
    const whose = { replicaId: String(row.replica_id), runId: String(row.run_id), firstSeq };
    const unknown = await markUnknown(query, whose, ROWS_PER_STEP);
    if (unknown > 0) await extendChain(query, key, firstSeq);
    marked += unknown;
  }
  return marked;
}
