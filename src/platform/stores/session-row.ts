/** A row of sessions as both engines give it. */

import type { StoredSession } from '../../contracts/accounts.ts';
import type { Role } from '../../contracts/admin.ts';

type Row = { readonly [column: string]: unknown };

const textOr = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Of a row with the columns of either schema, which have the same names. */
export function readSession(row: Row): StoredSession {
  return {
    id: String(row.id),
    hash: String(row.hash),
    userId: String(row.user_id),
    role: String(row.role) as Role,
    createdAtMs: Number(row.created_at_ms),
    lastSeenAtMs: Number(row.last_seen_at_ms),
    endsAtMs: Number(row.ends_at_ms),
    provider: textOr(row.provider),
    address: textOr(row.address),
    userAgent: textOr(row.user_agent),
    sealed: textOr(row.sealed),
  };
}
