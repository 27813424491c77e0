/** Is the ledger the sum of the calls? Adds up the rows of the trail anew, for every level and target, and compares. */

import type { DatabaseSync } from 'node:sqlite';

export interface SpendDifference {
  readonly level: { readonly type: string; readonly id: string };
  /** The quarter of an hour. */
  readonly atMs: number;
  /** `server/tool` or `provider/model`; undefined: of the sum over all. */
  readonly target: string | undefined;
  /** Micro-dollars in the ledger, and of the rows. */
  readonly ledger: number;
  readonly rows: number;
}

export interface SpendReport {
  /** Figures that were compared. */
  readonly figures: number;
  /** Rows with prices up to then are gone from the trail: older figures cannot be recomputed. -1: none are. */
  readonly rowsGoneUntilMs: number;
  /** At most the first 100. */
  readonly differences: readonly SpendDifference[];
}

export const MAX_DIFFERENCES = 100;

const ROWS = `SELECT type AS level_type, id AS level_id, at_ms, kind, server_id, target, count(*) AS calls, sum(price) AS micro_usd
  FROM (
    SELECT l.value ->> 0 AS type, l.value ->> 1 AS id, trail.at_ms - trail.at_ms % 900000 AS at_ms,
      iif(trail.kind = 'tools.call', 'tool', 'model') AS kind, coalesce(server_id, '') AS server_id,
      coalesce(target, '') AS target, price_micro_usd AS price
    FROM trail, json_each(json_array(json_array('key', key_id), json_array('user', user_id), json_array('team', team_id),
      json_array('organization', organization_id))) AS l
    WHERE price_micro_usd > 0 AND l.value ->> 1 IS NOT NULL
  ) WHERE at_ms > :since GROUP BY 1, 2, 3`;
const KEY = 'level_type, level_id, at_ms';
const TARGET = ', kind, server_id, target';

/** Reads everything in one transaction: a fold beside it cannot come between. */
export function verifySpend(db: DatabaseSync): SpendReport {
  db.exec('BEGIN');
  try {
    const since = Number(db.prepare('SELECT until_ms FROM spend_rows_gone').get()?.until_ms ?? -1);
    const byLevel = compare(db, 'spend_by_level', KEY, ROWS, since);
    const byTarget = compare(db, 'spend_by_target', KEY + TARGET, ROWS + TARGET, since);
    return {
      figures: byLevel.figures + byTarget.figures,
      rowsGoneUntilMs: since,
      differences: [...byLevel.differences, ...byTarget.differences].slice(0, MAX_DIFFERENCES),
    };
  } finally {
    db.exec('COMMIT');
  }
}

function compare(
  db: DatabaseSync,
  table: string,
  key: string,
  rows: string,
  since: number,
): Pick<SpendReport, 'figures' | 'differences'> {
  const both = `WITH recomputed AS (${rows}),
    ledger AS (SELECT * FROM ${table} WHERE at_ms > :since AND (calls <> 0 OR micro_usd <> 0)),
    both AS (
      SELECT ${key}, ledger.micro_usd AS ledger, ledger.calls AS ledger_calls, recomputed.micro_usd AS rows, recomputed.calls AS row_calls
      FROM ledger FULL JOIN recomputed USING (${key}))`;
  const figures = db.prepare(`${both} SELECT count(*) AS figures FROM both`).get({ ':since': since });
  const differences = db
    .prepare(
      `${both} SELECT * FROM both WHERE coalesce(ledger, 0) <> coalesce(rows, 0) OR coalesce(ledger_calls, 0) <> coalesce(row_calls, 0)
       ORDER BY at_ms LIMIT ${MAX_DIFFERENCES}`,
    )
    .all({ ':since': since });
  return {
    figures: Number(figures?.figures ?? 0),
    differences: differences.map(readDifference),
  };
}

/** Of a row that either engine found. */
export function readDifference(row: { readonly [column: string]: unknown }): SpendDifference {
  return {
    level: { type: String(row.level_type), id: String(row.level_id) },
    atMs: Number(row.at_ms),
    target: row.server_id === undefined ? undefined : `${row.server_id}/${row.target}`,
    ledger: Number(row.ledger ?? 0),
    rows: Number(row.rows ?? 0),
  };
}
