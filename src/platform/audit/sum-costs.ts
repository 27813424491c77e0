/** What calls of tools cost, added up from the trail. */

import type { DatabaseSync } from 'node:sqlite';
import type { TrailFilter } from '../../contracts/trail.ts';
import { conditionsOf } from './trail-conditions.ts';

export const COST_GROUPS = ['key', 'tool', 'server'] as const;
export type CostGroup = (typeof COST_GROUPS)[number];

export interface CostSum {
  /** Key name, `server/tool`, or server id; undefined: calls that named none there is. */
  readonly name: string | undefined;
  /** Only with `key`: names may be used again, ids are not. */
  readonly keyId: string | undefined;
  /** All that were recorded, refused ones too. */
  readonly calls: number;
  /** Answered without calling the server. */
  readonly cached: number;
  /** Made, and with a price. */
  readonly priced: number;
  readonly microUsd: number;
}

const GROUPS: { readonly [by in CostGroup]: { readonly group: string; readonly name: string } } = {
  key: { group: 'key_id', name: 'max(key_name)' },
  tool: { group: 'server_id, target', name: "server_id || '/' || target" },
  server: { group: 'server_id', name: 'server_id' },
};

/** The dearest first. Of `filter`, `limit` and `afterSeq` have no effect. */
export function sumCosts(db: DatabaseSync, by: CostGroup, filter: TrailFilter): readonly CostSum[] {
  const { limit: _limit, afterSeq: _afterSeq, ...rest } = filter;
  const conditions = conditionsOf({ ...rest, kind: 'tools.call' });
  const where = conditions.map((condition) => condition.sql).join(' AND ');
  const { group, name } = GROUPS[by];
  const rows = db
    .prepare(
      `SELECT ${name} AS name, ${by === 'key' ? 'key_id' : 'NULL'} AS key_id, count(*) AS calls, total(cached) AS cached,
         count(price_micro_usd) AS priced, coalesce(sum(price_micro_usd), 0) AS micro_usd
       FROM trail WHERE ${where} GROUP BY ${group} ORDER BY micro_usd DESC, calls DESC, name`,
    )
    .all(...conditions.flatMap((condition) => condition.values));
  return rows.map((row) => ({
    name: typeof row.name === 'string' ? row.name : undefined,
    keyId: typeof row.key_id === 'string' ? row.key_id : undefined,
    calls: Number(row.calls),
    cached: Number(row.cached),
    priced: Number(row.priced),
    microUsd: Number(row.micro_usd),
  }));
}
