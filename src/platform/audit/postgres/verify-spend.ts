/** Is the ledger in PostgreSQL the sum of the calls? As `verifySpend` for SQLite, beside running gateways. */

import type { Database, Query } from '../../stores/postgres/open-database.ts';
import { MAX_DIFFERENCES, readDifference, type SpendReport } from '../verify-spend.ts';

const KEY = 'level_type, level_id, at_ms';
const TARGET = `${KEY}, kind, server_id, target`;
/** All rows of the trail are read. */
const TIMEOUT_MS = 600_000;

/** Of one moment: a fold beside it cannot come between. */
export function verifyPostgresSpend(database: Pick<Database, 'transaction'>): Promise<SpendReport> {
  return database.transaction(
    async (query) => {
      const { rows } = await query('SELECT until_ms FROM spend_rows_gone');
      const since = Number(rows[0]?.until_ms ?? -1);
      const byLevel = await compare(query, 'spend_by_level', KEY, since);
      const byTarget = await compare(query, 'spend_by_target', TARGET, since);
      return {
        figures: byLevel.figures + byTarget.figures,
        rowsGoneUntilMs: since,
        differences: [...byLevel.differences, ...byTarget.differences].slice(0, MAX_DIFFERENCES),
      };
    },
    { isSnapshot: true, statementTimeoutMs: TIMEOUT_MS },
  );
}

async function compare(
  query: Query,
  table: string,
  key: string,
  since: number,
): Promise<Pick<SpendReport, 'figures' | 'differences'>> {
  const both = `WITH calls AS (
      SELECT level.type AS level_type, level.id AS level_id, t.at_ms - t.at_ms % 900000 AS at_ms, t.price_micro_usd,
        CASE t.kind WHEN 'tools.call' THEN 'tool' ELSE 'model' END AS kind, coalesce(t.server_id, '') AS server_id,
        coalesce(t.target, '') AS target
      FROM trail t CROSS JOIN LATERAL (VALUES ('key', t.key_id), ('user', t.user_id), ('team', t.team_id),
        ('organization', t.organization_id)) level (type, id)
      WHERE t.price_micro_usd > 0 AND level.id IS NOT NULL),
    recomputed AS (
      SELECT ${key}, count(*) AS calls, sum(price_micro_usd) AS micro_usd FROM calls WHERE at_ms > $1 GROUP BY ${key}),
    ledger AS (SELECT * FROM ${table} WHERE at_ms > $1 AND (calls <> 0 OR micro_usd <> 0)),
    compared AS (
      SELECT ${key}, ledger.micro_usd AS ledger, ledger.calls AS ledger_calls, recomputed.micro_usd AS rows, recomputed.calls AS row_calls
      FROM ledger FULL JOIN recomputed USING (${key}))`;
  const counted = await query(`${both} SELECT count(*) AS figures FROM compared`, [since]);
  const differing = await query(
    `${both} SELECT * FROM compared WHERE coalesce(ledger, 0) <> coalesce(rows, 0) OR coalesce(ledger_calls, 0) <> coalesce(row_calls, 0)
     ORDER BY at_ms LIMIT ${MAX_DIFFERENCES}`,
    [since],
  );
  return { figures: Number(counted.rows[0]?.figures ?? 0), differences: differing.rows.map(readDifference) };
}
