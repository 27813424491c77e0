/** A filter of the trail as SQL. */

import type { TrailFilter } from '../../contracts/trail.ts';

type Value = string | number;
export type Condition = { readonly sql: string; readonly values: readonly Value[] };

/** All of them have to hold. `limit` is left to the caller. */
export function conditionsOf(filter: TrailFilter): Condition[] {
  const conditions: Condition[] = [];
  const add = (sql: string, ...values: Value[]): void => void conditions.push({ sql, values });
  if (filter.afterSeq !== undefined) add('result IS NOT NULL');
  if (filter.id !== undefined) add('id = ?', filter.id);
  if (filter.sinceMs !== undefined) add('at_ms >= ?', filter.sinceMs);
  if (filter.untilMs !== undefined) add('at_ms < ?', filter.untilMs);
  if (filter.kind !== undefined) add('kind = ?', filter.kind);
  if (filter.server !== undefined) add(...match(['server_id'], filter.server));
  if (filter.key !== undefined) add(...match(['key_name', 'key_id'], filter.key));
  if (filter.name !== undefined) add(...match(['name', 'target'], filter.name));
  if (filter.result !== undefined) {
    // Said again as a literal, so that the index over everything but 'ok' is used.
    add(filter.result === 'ok' ? 'result = ?' : "result = ? AND result <> 'ok'", filter.result);
  }
  return conditions;
}

function match(columns: readonly string[], pattern: string): [string, ...Value[]] {
  const hasStar = pattern.includes('*');
  const value = hasStar ? pattern.replace(/[[?]/g, '[$&]') : pattern;
  const sql = columns.map((column) => `${column} ${hasStar ? 'GLOB' : '='} ?`).join(' OR ');
  return [`(${sql})`, ...columns.map(() => value)];
}
