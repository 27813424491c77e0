/** The ledger of tool calls that wait to be carried out, on PostgreSQL: each is taken by one of all replicas. */

import type { SuggestionKeeper } from '../../../contracts/suggestions.ts';
import { EXECUTION_LEASE_MS, type HeldLeases, holdLeases } from '../hold-leases.ts';
import { readSuggestion, SUGGESTION_COLUMNS, suggestionValues } from '../suggestion-row.ts';
import type { Database, Query } from './open-database.ts';
import { storableText, storableValues } from './storable-text.ts';

/** Of one look by calls or by arguments. */
const MAX_FOUND = 20;
const MAX_OF_RUN = 1_000;
const MAX_PRUNED = 500;
const MAX_CLAIMS = 5;

export interface SuggestionStoreSettings {
  /** Wall clock of leases. */
  readonly now: () => number;
  /** Default 60,000. */
  readonly leaseMs?: number | undefined;
}

/** Leaves the database open. */
export function createSuggestionStore(
  { query }: Pick<Database, 'query'>,
  settings: SuggestionStoreSettings,
): SuggestionKeeper {
  const { now, leaseMs = EXECUTION_LEASE_MS } = settings;
  const held = holdLeases(leaseMs, async (ids) => {
    await query(`UPDATE suggestions SET lease_until_ms = $1 WHERE state = 'running' AND execution_id = ANY ($2)`, [
      now() + leaseMs,
      ids,
    ]);
  });
  return {
    async add(suggestions) {
      if (suggestions.length === 0) return;
      const values: unknown[] = [];
      const rows = suggestions.map((each) => {
        const marks = storableValues(suggestionValues(each)).map((value) => `$${values.push(value)}`);
        return `(${marks.join(', ')})`;
      });
      await query(
        `INSERT INTO suggestions (${SUGGESTION_COLUMNS.join(', ')}) VALUES ${rows.join(', ')} ON CONFLICT (id) DO NOTHING`,
        values,
      );
    },
    ...lookupsIn(query),
    ...endsIn(query, { held, leaseMs }),
    async [Symbol.asyncDispose]() {
      held[Symbol.dispose]();
    },
  };
}

function lookupsIn(
  query: Query,
): Pick<SuggestionKeeper, 'find' | 'findByToolCall' | 'findByArguments' | 'ofRun' | 'running'> {
  const select = async (rest: string, values: readonly unknown[]) =>
    (await query(`SELECT * FROM suggestions WHERE ${rest}`, values)).rows.map(readSuggestion);
  const newest = `ORDER BY made DESC LIMIT ${MAX_FOUND}`;
  return {
    find: async (id) => (await select('id = $1', [storableText(id)]))[0],
    findByToolCall: (keyId, ids) =>
      select(`key_id = $1 AND tool_call_id = ANY ($2) ${newest}`, [keyId, ids.map(storableText)]),
    findByArguments: (keyId, name, hash) =>
      select(`key_id = $1 AND name = $2 AND arguments_hash = $3 ${newest}`, [keyId, storableText(name), hash]),
    ofRun: (runId) => select(`run_id = $1 ORDER BY made LIMIT ${MAX_OF_RUN}`, [storableText(runId)]),
    running: (limit) => select(`state = 'running' ORDER BY lease_until_ms, made LIMIT $1`, [limit]),
  };
}

function endsIn(
  query: Query,
  { held, leaseMs }: { readonly held: HeldLeases; readonly leaseMs: number },
): Pick<SuggestionKeeper, 'claim' | 'release' | 'finish' | 'withdraw' | 'abandon' | 'reap' | 'prune'> {
  const changesOf = async (text: string, values: readonly unknown[]): Promise<number> =>
    (await query(text, values)).changes;
  return {
    async claim(id, executionId, nowMs) {
      for (let attempt = 1; ; attempt++) {
        const claimed = await changesOf(
          `UPDATE suggestions SET state = 'running', execution_id = $1, lease_until_ms = $2
           WHERE id = $3 AND state = 'open' AND expires_at_ms > $4`,
          [executionId, nowMs + leaseMs, storableText(id), nowMs],
        );
        if (claimed === 1) {
          held.add(executionId);
          return { type: 'claimed' };
        }
        const { rows } = await query('SELECT * FROM suggestions WHERE id = $1', [storableText(id)]);
        if (rows[0] === undefined) return { type: 'missing' };
        const suggestion = readSuggestion(rows[0]);
        // Given back in between: it is to be had again.
        const isFree = suggestion.state === 'open' && suggestion.expiresAtMs > nowMs;
        if (!isFree || attempt === MAX_CLAIMS) return { type: 'taken', suggestion };
      }
    },
    async release(id, executionId) {
      held.delete(executionId);
      await query(
        `UPDATE suggestions SET state = 'open', execution_id = NULL, lease_until_ms = NULL
         WHERE id = $1 AND execution_id = $2 AND state = 'running'`,
        [id, executionId],
      );
    },
    async finish(id, executionId, { state, sealedResult }, nowMs) {
      held.delete(executionId);
      await query(
        `UPDATE suggestions SET state = $1, sealed_result = $2, ended_at_ms = $3, lease_until_ms = NULL
         WHERE id = $4 AND execution_id = $5 AND (state = 'running' OR (state = 'unknown' AND $1 = 'done'))`,
        [state, sealedResult, nowMs, id, executionId],
      );
    },
    withdraw: async (id, nowMs) =>
      (await changesOf(
        `UPDATE suggestions SET state = 'withdrawn', ended_at_ms = $1 WHERE id = $2 AND state = 'open'`,
        [nowMs, storableText(id)],
      )) === 1,
    abandon: (executionIds, nowMs) =>
      changesOf(
        `UPDATE suggestions SET state = 'unknown', ended_at_ms = $1, lease_until_ms = NULL
         WHERE state = 'running' AND execution_id = ANY ($2)`,
        [nowMs, executionIds],
      ),
    async reap(nowMs, limit) {
      const { rows } = await query(
        `UPDATE suggestions SET state = 'unknown', ended_at_ms = $1, lease_until_ms = NULL WHERE made IN (
           SELECT made FROM suggestions WHERE state = 'running' AND coalesce(lease_until_ms, 0) <= $1
           LIMIT $2 FOR UPDATE SKIP LOCKED)
         RETURNING *`,
        [nowMs, limit],
      );
      return rows.map(readSuggestion);
    },
    prune: (beforeMs) =>
      changesOf(
        `DELETE FROM suggestions WHERE made IN (
           SELECT made FROM suggestions WHERE coalesce(ended_at_ms, expires_at_ms) < $1
           LIMIT ${MAX_PRUNED} FOR UPDATE SKIP LOCKED)`,
        [beforeMs],
      ),
  };
}
