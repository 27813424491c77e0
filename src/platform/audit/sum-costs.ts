/** What calls of tools and models cost, and the tokens models took, added up from the trail. */

import type { DatabaseSync } from 'node:sqlite';
import type { TrailFilter } from '../../contracts/trail.ts';
import { conditionsOf, type Dialect } from './trail-conditions.ts';

export const COST_GROUPS = [
  'key',
  'user',
  'team',
  'organization',
  'tool',
  'server',
  'model',
  'provider',
  'day',
] as const;
export type CostGroup = (typeof COST_GROUPS)[number];

export interface CostSum {
  /** Key name, id of a user, team or organisation, `server/tool`, server id, `provider/model`, provider id or day (UTC, `2026-11-23`); undefined: calls that named none there is. */
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
  /** Of calls of models, whether told or estimated. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the input: read from providers' caches. */
  readonly cachedTokens: number;
}

const TOOLS = "kind = 'tools.call'";
const MODELS = "kind IN ('chat', 'embed', 'models.pass')";
const PAID = `(${TOOLS} OR ${MODELS})`;
const TARGET = "server_id || '/' || target";

const GROUPS: {
  readonly [by in CostGroup]: { readonly kinds: string; readonly group: string; readonly name: string };
} = {
  key: { kinds: PAID, group: 'key_id', name: 'max(key_name)' },
  user: { kinds: PAID, group: 'user_id', name: 'user_id' },
  team: { kinds: PAID, group: 'team_id', name: 'team_id' },
  organization: { kinds: PAID, group: 'organization_id', name: 'organization_id' },
  tool: { kinds: TOOLS, group: 'server_id, target', name: TARGET },
  server: { kinds: TOOLS, group: 'server_id', name: 'server_id' },
  model: { kinds: MODELS, group: 'server_id, target', name: TARGET },
  provider: { kinds: MODELS, group: 'server_id', name: 'server_id' },
  // Its name is the number of the day since 1970.
  day: { kinds: PAID, group: 'at_ms / 86400000', name: 'at_ms / 86400000' },
};

/** The dearest first, days in their order. Of `filter`, `kind`, `limit` and `afterSeq` have no effect. */
export function sumCosts(db: DatabaseSync, by: CostGroup, filter: TrailFilter): readonly CostSum[] {
  const { sql, values } = costsQuery(by, filter, 'sqlite');
  return db
    .prepare(sql)
    .all(...values)
    .map((row) => readCostSum(row, by));
}

/** Values stand where there is a `?`. */
export function costsQuery(
  by: CostGroup,
  filter: TrailFilter,
  dialect: Dialect,
): { readonly sql: string; readonly values: (string | number)[] } {
  const { limit: _limit, afterSeq: _afterSeq, kind: _kind, ...rest } = filter;
  const { kinds, group, name } = GROUPS[by];
  const conditions = conditionsOf(rest, dialect);
  const where = [kinds, ...conditions.map((condition) => condition.sql)].join(' AND ');
  return {
    sql: `SELECT ${name} AS name, ${by === 'key' ? 'key_id' : 'NULL'} AS key_id, count(*) AS calls,
         coalesce(sum(cached), 0) AS cached,
         count(price_micro_usd) AS priced, coalesce(sum(price_micro_usd), 0) AS micro_usd,
         coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
         coalesce(sum(cached_tokens), 0) AS cached_tokens
       FROM trail WHERE ${where} GROUP BY ${group} ORDER BY ${by === 'day' ? 'name' : 'micro_usd DESC, calls DESC, name'}`,
    values: conditions.flatMap((condition) => condition.values),
  };
}

export function readCostSum(row: { readonly [column: string]: unknown }, by: CostGroup): CostSum {
  const day = by === 'day' ? new Date(Number(row.name) * 86_400_000).toISOString().slice(0, 10) : undefined;
  return {
    name: day ?? (typeof row.name === 'string' ? row.name : undefined),
    keyId: typeof row.key_id === 'string' ? row.key_id : undefined,
    calls: Number(row.calls),
    cached: Number(row.cached),
    priced: Number(row.priced),
    microUsd: Number(row.micro_usd),
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    cachedTokens: Number(row.cached_tokens),
  };
}
