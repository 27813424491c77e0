/** What happens to approvals, as rows of the trail: what was asked for stands there by its hash alone. */

import type { Approval } from '../../contracts/approvals.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { ApprovalEventKind, CallIntent, Trail } from '../../contracts/trail.ts';

/** Where it came from: the call that asked or whose client voted; otherwise people beside the gateway. */
export type NewsOrigin = Pick<CallIntent, 'parentId' | 'traceId' | 'surface'>;

const FROM_PEOPLE: NewsOrigin = { parentId: undefined, traceId: '', surface: 'admin' };

export type NoteApproval = (
  kind: ApprovalEventKind,
  approval: Approval,
  news: { readonly atMs: number; readonly about: JsonObject; readonly from?: NewsOrigin | undefined },
) => void;

export function createNoteApproval(trail: Pick<Trail, 'record'>): NoteApproval {
  return (kind, approval, { atMs, about, from = FROM_PEOPLE }) => {
    const { id, suggestionId, runId, keyId, keyName, serverId, target, name, version, edited } = approval;
    // Told once: a version is written once.
    const rowId = `${id}.${kind.slice('approval.'.length)}.${version}`;
    const argumentsHash = edited?.argumentsHash ?? approval.argumentsHash;
    trail.record(
      {
        ...{ ...from, id: rowId, atMs, kind, keyId, keyName, serverId, name, target, client: undefined },
        ...{ runId, suggestionId, arguments: JSON.stringify({ approval: id, argumentsHash, ...about }) },
      },
      { id: rowId, result: 'ok', error: undefined, resultBytes: 0, totalMs: 0, upstreamMs: 0 },
    );
  };
}
