/** What a person decides, as a row of the trail of the running gateway; commands beside it append theirs to the store. */

import type { Trail } from '../contracts/trail.ts';
import type { DecisionRow } from '../platform/audit/append-row.ts';

/** Rejects if it cannot be kept: then nothing may be decided. */
export type NoteDecision = (row: DecisionRow) => Promise<void>;

export function createNoteDecision(deps: {
  readonly trail: Pick<Trail, 'record'>;
  readonly now: () => number;
  readonly newId: () => string;
  readonly randomHex: (digits: number) => string;
}): NoteDecision {
  return async (row) => {
    const id = deps.newId();
    deps.trail.record(
      {
        ...row,
        ...{ id, parentId: undefined, traceId: deps.randomHex(32), atMs: deps.now(), surface: 'admin' },
        ...{ keyId: undefined, keyName: undefined, client: undefined },
      },
      { id, result: 'ok', error: undefined, resultBytes: 0, totalMs: 0, upstreamMs: 0 },
    );
  };
}
