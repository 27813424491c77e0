/** A row of definitions as both engines give it. */

import type {
  DefinitionKind,
  DefinitionRecord,
  DefinitionState,
  DefinitionVersion,
  Finding,
  HoldReason,
} from '../../contracts/definitions.ts';

/** Of a row with the columns of either schema, which have the same names. */
export function readDefinition(row: { readonly [column: string]: unknown }): DefinitionRecord {
  return {
    serverId: String(row.server_id),
    kind: row.kind as DefinitionKind,
    name: String(row.name),
    state: row.state as DefinitionState,
    reason: (row.reason ?? undefined) as HoldReason | undefined,
    pinned: parseVersion(row.pinned_hash, row.pinned_text, row.pinned_at_ms),
    pinnedBy: (row.pinned_by ?? undefined) as DefinitionRecord['pinnedBy'],
    other: parseVersion(row.other_hash, row.other_text, row.other_at_ms),
    findings: JSON.parse(String(row.findings_json)) as Finding[],
    firstSeenMs: Number(row.first_seen_ms),
  };
}

function parseVersion(hash: unknown, text: unknown, atMs: unknown): DefinitionVersion | undefined {
  if (typeof hash !== 'string') return undefined;
  return { hash, text: typeof text === 'string' ? text : undefined, atMs: Number(atMs) };
}
