/** The ledger of tool calls that wait to be carried out, on SQLite. */

import type { DatabaseSync } from 'node:sqlite';
import type { SuggestionKeeper } from '../../../contracts/suggestions.ts';
import { EXECUTION_LEASE_MS, type HeldLeases, holdLeases } from '../hold-leases.ts';
import { readSuggestion, SUGGESTION_COLUMNS, suggestionValues } from '../suggestion-row.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';
import { standBack, whenFree } from './when-free.ts';

/** Of one look by calls or by arguments. */
const MAX_FOUND = 20;
const MAX_OF_RUN = 1_000;
const MAX_PRUNED = 500;

export interface SuggestionStoreOptions {
  readonly dataDir: string;
  /** Wall clock of leases. */
  readonly now: () => number;
  /** Default 60,000. */
  readonly leaseMs?: number | undefined;
}

/** Opens it in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openSuggestionStore(options: SuggestionStoreOptions): SuggestionKeeper {
  const { now, leaseMs = EXECUTION_LEASE_MS } = options;
  const db = openStore(options.dataDir);
  standBack(db);
  const insert = db.prepare(
    `INSERT INTO suggestions (${SUGGESTION_COLUMNS.join(', ')}) VALUES (${SUGGESTION_COLUMNS.map(() => '?').join(', ')})
     ON CONFLICT (id) DO NOTHING`,
  );
  const renew = db.prepare(
    `UPDATE suggestions SET lease_until_ms = ?
     WHERE state = 'running' AND execution_id IN (SELECT value FROM json_each(?))`,
  );
  const held = holdLeases(leaseMs, async (ids) => {
    await whenFree(() => renew.run(now() + leaseMs, JSON.stringify(ids)));
  });

  return {
    add(suggestions) {
      const [first] = suggestions;
      if (first === undefined) return;
      return whenFree(() => {
        if (suggestions.length === 1) insert.run(...suggestionValues(first));
        else
          inTransaction(db, () => {
            for (const each of suggestions) insert.run(...suggestionValues(each));
          });
      });
    },
    ...lookupsIn(db),
    ...endsIn(db, { held, leaseMs }),
    async [Symbol.asyncDispose]() {
      held[Symbol.dispose]();
      if (db.isOpen) db.close();
    },
  };
}

function lookupsIn(
  db: DatabaseSync,
): Pick<SuggestionKeeper, 'find' | 'findByToolCall' | 'findByArguments' | 'ofRun' | 'running'> {
  const byId = db.prepare('SELECT * FROM suggestions WHERE id = ?');
  const byToolCall = db.prepare(
    `SELECT * FROM suggestions WHERE key_id = ? AND tool_call_id IN (SELECT value FROM json_each(?))
     ORDER BY made DESC LIMIT ${MAX_FOUND}`,
  );
  const byArguments = db.prepare(
    `SELECT * FROM suggestions WHERE key_id = ? AND name = ? AND arguments_hash = ? ORDER BY made DESC LIMIT ${MAX_FOUND}`,
  );
  const byRun = db.prepare(`SELECT * FROM suggestions WHERE run_id = ? ORDER BY made LIMIT ${MAX_OF_RUN}`);
  const running = db.prepare("SELECT * FROM suggestions WHERE state = 'running' ORDER BY lease_until_ms, made LIMIT ?");
  return {
    async find(id) {
      const row = await whenFree(() => byId.get(id));
      return row && readSuggestion(row);
    },
    async findByToolCall(keyId, toolCallIds) {
      const ids = JSON.stringify(toolCallIds);
      return (await whenFree(() => byToolCall.all(keyId, ids))).map(readSuggestion);
    },
    findByArguments: async (keyId, name, hash) =>
      (await whenFree(() => byArguments.all(keyId, name, hash))).map(readSuggestion),
    ofRun: async (runId) => (await whenFree(() => byRun.all(runId))).map(readSuggestion),
    running: async (limit) => (await whenFree(() => running.all(limit))).map(readSuggestion),
  };
}

function endsIn(
  db: DatabaseSync,
  { held, leaseMs }: { readonly held: HeldLeases; readonly leaseMs: number },
): Pick<SuggestionKeeper, 'claim' | 'release' | 'finish' | 'withdraw' | 'abandon' | 'reap' | 'prune'> {
  const byId = db.prepare('SELECT * FROM suggestions WHERE id = ?');
  const claim = db.prepare(
    `UPDATE suggestions SET state = 'running', execution_id = ?, lease_until_ms = ?
     WHERE id = ? AND state = 'open' AND expires_at_ms > ?`,
  );
  const release = db.prepare(
    `UPDATE suggestions SET state = 'open', execution_id = NULL, lease_until_ms = NULL
     WHERE id = ? AND execution_id = ? AND state = 'running'`,
  );
  const finish = db.prepare(
    `UPDATE suggestions SET state = ?1, sealed_result = ?2, ended_at_ms = ?3, lease_until_ms = NULL
     WHERE id = ?4 AND execution_id = ?5 AND (state = 'running' OR (state = 'unknown' AND ?1 = 'done'))`,
  );
  const withdraw = db.prepare(
    `UPDATE suggestions SET state = 'withdrawn', ended_at_ms = ? WHERE id = ? AND state = 'open'`,
  );
  const abandon = db.prepare(
    `UPDATE suggestions SET state = 'unknown', ended_at_ms = ?, lease_until_ms = NULL
     WHERE state = 'running' AND execution_id IN (SELECT value FROM json_each(?))`,
  );
  const reap = db.prepare(
    `UPDATE suggestions SET state = 'unknown', ended_at_ms = ?1, lease_until_ms = NULL WHERE made IN
       (SELECT made FROM suggestions WHERE state = 'running' AND coalesce(lease_until_ms, 0) <= ?1 LIMIT ?2)
     RETURNING *`,
  );
  const prune = db.prepare(
    `DELETE FROM suggestions WHERE made IN
       (SELECT made FROM suggestions WHERE coalesce(ended_at_ms, expires_at_ms) < ? LIMIT ${MAX_PRUNED})`,
  );
  return {
    async claim(id, executionId, nowMs) {
      const { changes } = await whenFree(() => claim.run(executionId, nowMs + leaseMs, id, nowMs));
      if (changes === 0) {
        const row = await whenFree(() => byId.get(id));
        return row === undefined ? { type: 'missing' } : { type: 'taken', suggestion: readSuggestion(row) };
      }
      held.add(executionId);
      return { type: 'claimed' };
    },
    async release(id, executionId) {
      held.delete(executionId);
      await whenFree(() => release.run(id, executionId));
    },
    async finish(id, executionId, { state, sealedResult }, nowMs) {
      held.delete(executionId);
      await whenFree(() => finish.run(state, sealedResult ?? null, nowMs, id, executionId));
    },
    withdraw: async (id, nowMs) => (await whenFree(() => withdraw.run(nowMs, id))).changes === 1,
    async abandon(executionIds, nowMs) {
      const ids = JSON.stringify(executionIds);
      return Number((await whenFree(() => abandon.run(nowMs, ids))).changes);
    },
    reap: async (nowMs, limit) => (await whenFree(() => reap.all(nowMs, limit))).map(readSuggestion),
    prune: async (beforeMs) => Number((await whenFree(() => prune.run(beforeMs))).changes),
  };
}
