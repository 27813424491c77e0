/** A filter of the trail as SQL. */

import type { TrailFilter } from '../../contracts/trail.ts';

type Value = string | number;
export type Condition = { readonly sql: string; readonly values: readonly Value[] };

/** How a database compares with a pattern in which `*` is any run of characters. */
export type Dialect = 'sqlite' | 'postgres';

/** All of them have to hold. Values stand where there is a `?`. `limit` is left to the caller. */
export function conditionsOf(filter: TrailFilter, dialect: Dialect = 'sqlite'): Condition[] {
  const conditions: Condition[] = [];
  const add = (sql: string, ...values: Value[]): void => void conditions.push({ sql, values });
  if (filter.afterSeq !== undefined) add('result IS NOT NULL');
  if (filter.id !== undefined) add('id = ?', filter.id);
  // A run has the id of its first call.
  if (filter.runId !== undefined) add('(agent_run_id = ? OR id = ?)', filter.runId, filter.runId);
  if (filter.sinceMs !== undefined) add('at_ms >= ?', filter.sinceMs);
  if (filter.untilMs !== undefined) add('at_ms < ?', filter.untilMs);
  if (filter.kind !== undefined) add('kind = ?', filter.kind);
  if (filter.server !== undefined) add(...match(['server_id'], filter.server, dialect));
  if (filter.key !== undefined) add(...match(['key_name', 'key_id'], filter.key, dialect));
  if (filter.name !== undefined) add(...match(['name', 'target'], filter.name, dialect));
  if (filter.result !== undefined) {
    // Said again as a literal, so that the index over everything but 'ok' is used.
    add(filter.result === 'ok' ? 'result = ?' : "result = ? AND result <> 'ok'", filter.result);
  }
  return conditions;
}

function match(columns: readonly string[], pattern: string, dialect: Dialect): [string, ...Value[]] {
  const hasStar = pattern.includes('*');
  const operator = hasStar ? (dialect === 'sqlite' ? 'GLOB' : 'LIKE') : '=';
  const sql = columns.map((column) => `${column} ${operator} ?`).join(' OR ');
  return [`(${sql})`, ...columns.map(() => (hasStar ? spell(pattern, dialect) : pattern))];
}

function spell(pattern: string, dialect: Dialect): string {
  if (dialect === 'sqlite') return pattern.replace(/[[?]/g, '[$&]');
  return pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}
