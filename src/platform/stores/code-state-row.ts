/** A row of `code_states`, whichever engine keeps it. */

import type { CodeState } from '../../contracts/codemode.ts';

export function readCodeState(row: { readonly [column: string]: unknown }): CodeState {
  return {
    id: String(row.id),
    kind: row.kind === 'suspended' ? 'suspended' : 'session',
    keyId: String(row.key_id),
    sealed: String(row.sealed),
    expiresAtMs: Number(row.expires_at_ms),
  };
}
