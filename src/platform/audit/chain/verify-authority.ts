/** Had each call that was carried out its rule or its approval? Holds the rows of calls against those of what was decided. */

import type { ReadRows } from './verify-chain.ts';

export interface UnprovenCall {
  /**
   * `no-approval`: nothing says that the approval was given before. `approval-used-twice`, `carried-out-twice`: another call
   * did, too. `no-standing-approval`: nothing says that there was one.
   */
  readonly type: 'no-approval' | 'approval-used-twice' | 'carried-out-twice' | 'no-standing-approval';
  /** Of the call. */
  readonly id: string;
  readonly authority: string | undefined;
}

export interface AuthorityReport {
  /** Calls by what let them by: `rule`, `defaults`, `approval`, `standing`, and `grant` where no rule spoke. */
  readonly calls: { readonly [by: string]: number };
  /** Calls by an approval that retention may have taken, with all that led to it. */
  readonly beyondProof: number;
  /** At most the first 100. */
  readonly unproven: readonly UnprovenCall[];
}

const MAX_UNPROVEN = 100;

/** What was sent, or may have been. One that was answered from the ledger or a cache was not. */
const CARRIED_OUT = `t.kind = 'tools.call' AND t.result IN ('ok', 'tool-error', 'rpc-error', 'unknown') AND coalesce(t.cached, 0) = 0`;

/** From the decision to the call at most: what asks expires after 30 days, and what was asked about 30 days later. */
const MAX_APPROVED_MS = 60 * 86_400_000;

/**
 * Calls by an approval that no row says was given. Given before is what was written before, or happened before: replicas write
 * each at their time. `is_followed`: what led to the call is there, so that retention has not taken the approval alone. Joined and
 * not asked for row by row: there is no index by suggestion.
 */
const WITHOUT_APPROVAL = `
  SELECT t.id AS id, t.authority AS authority, CASE WHEN f.seq < t.seq THEN 1 ELSE 0 END AS is_followed,
    t.at_ms - (SELECT min(o.at_ms) FROM trail o) AS age_ms
  FROM trail t
  LEFT JOIN (SELECT suggestion_id, seq, at_ms, arguments FROM trail WHERE kind = 'approval.approved') d
    ON d.suggestion_id = t.suggestion_id AND (d.seq < t.seq OR d.at_ms < t.at_ms)
      AND d.arguments LIKE '%"' || substr(t.authority, 10) || '"%'
  LEFT JOIN (SELECT suggestion_id, min(seq) AS seq FROM trail WHERE suggestion_id IS NOT NULL GROUP BY suggestion_id) f
    ON f.suggestion_id = t.suggestion_id
  WHERE ${CARRIED_OUT} AND t.authority LIKE 'approval:%' AND d.seq IS NULL`;

export async function verifyAuthority(read: ReadRows): Promise<AuthorityReport> {
  const unproven: UnprovenCall[] = [];
  const report = async (type: UnprovenCall['type'], sql: string): Promise<void> => {
    for (const { id, authority } of await read(`${sql} LIMIT ?`, [MAX_UNPROVEN]))
      unproven.push({ type, id: String(id), authority: typeof authority === 'string' ? authority : undefined });
  };
  // Without the row itself, only what it followed from says whether there was one.
  const [retained] = await read(
    `SELECT count(*) AS n FROM trail_chain_base WHERE link <> '' OR EXISTS (SELECT 1 FROM trail_entry WHERE digest IS NULL)`,
    [],
  );
  const isHeld = Number(retained?.n) === 0 ? '1 = 1' : `(w.is_followed = 1 OR w.age_ms > ${MAX_APPROVED_MS})`;
  await report('no-approval', `SELECT w.id, w.authority FROM (${WITHOUT_APPROVAL}) w WHERE ${isHeld} ORDER BY 1`);
  const [beyond] = await read(`SELECT count(*) AS n FROM (${WITHOUT_APPROVAL}) w WHERE NOT ${isHeld}`, []);
  await report(
    'approval-used-twice',
    `SELECT max(t.id) AS id, t.authority AS authority FROM trail t
     WHERE ${CARRIED_OUT} AND t.authority LIKE 'approval:%' GROUP BY t.authority HAVING count(*) > 1 ORDER BY 1`,
  );
  await report(
    'carried-out-twice',
    `SELECT max(t.id) AS id, max(t.authority) AS authority FROM trail t
     WHERE ${CARRIED_OUT} AND t.suggestion_id IS NOT NULL GROUP BY t.suggestion_id HAVING count(*) > 1 ORDER BY 1`,
  );
  await report(
    'no-standing-approval',
    `SELECT t.id AS id, t.authority AS authority FROM trail t
     WHERE ${CARRIED_OUT} AND t.authority LIKE 'standing:%' AND NOT EXISTS (
       SELECT 1 FROM object_changes c WHERE c.kind = 'standing-approval' AND c.id = substr(t.authority, 10))
     ORDER BY t.seq`,
  );
  const sums = await read(
    `SELECT CASE WHEN t.authority LIKE 'defaults.%' THEN 'defaults' WHEN t.authority LIKE 'rule:%' THEN 'rule'
       WHEN t.authority LIKE 'approval:%' THEN 'approval' WHEN t.authority LIKE 'standing:%' THEN 'standing' ELSE 'grant' END AS by_what,
       count(*) AS n FROM trail t WHERE ${CARRIED_OUT} AND t.seq > ? GROUP BY 1 ORDER BY 1`,
    [0],
  );
  return {
    calls: Object.fromEntries(sums.map(({ by_what: by, n }) => [String(by), Number(n)])),
    beyondProof: Number(beyond?.n),
    unproven: unproven.slice(0, MAX_UNPROVEN),
  };
}
