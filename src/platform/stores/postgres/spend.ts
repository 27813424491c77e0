/** What every level has spent: sums that triggers keep beside the trail in PostgreSQL, of all replicas together. */

import type { LimitLine, SpendStore } from '../../../contracts/limits.ts';
import type { Query } from './open-database.ts';

const QUARTER_MS = 900_000;

/** Whether the patterns of a line speak of what was called. */
export type SpeaksOf = (
  on: readonly string[],
  target: { readonly kind: 'tool' | 'model'; readonly server: string; readonly name: string },
) => boolean;

/** By a level since then, of calls that `on` speaks of; whole quarters of an hour, also the one that was running. Micro-dollars. */
function createReadSpent(deps: { readonly query: Query; readonly speaksOf: SpeaksOf }) {
  return async ({ level, on }: Pick<LimitLine, 'level' | 'on'>, sinceMs: number): Promise<number> => {
    const of = [level.type, level.id, Math.floor(sinceMs / QUARTER_MS) * QUARTER_MS];
    const where = 'WHERE level_type = $1 AND level_id = $2 AND at_ms >= $3';
    if (on === undefined) {
      const { rows } = await deps.query(
        `SELECT coalesce(sum(micro_usd), 0)::bigint AS spent FROM spend_by_level ${where}`,
        of,
      );
      return Number(rows[0]?.spent);
    }
    const { rows } = await deps.query(
      `SELECT kind, server_id, target, sum(micro_usd)::bigint AS spent FROM spend_by_target ${where} GROUP BY 1, 2, 3`,
      of,
    );
    return rows
      .filter((row) =>
        deps.speaksOf(on, {
          ...{ kind: row.kind === 'tool' ? 'tool' : 'model', server: String(row.server_id), name: String(row.target) },
        }),
      )
      .reduce((sum, row) => sum + Number(row.spent), 0);
  };
}

export function createSpendStore(deps: { readonly query: Query; readonly speaksOf: SpeaksOf }): SpendStore {
  return { spent: createReadSpent(deps), [Symbol.dispose]: () => undefined };
}
