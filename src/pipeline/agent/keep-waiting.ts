/** What a run that waits needs to go on: kept sealed with the run, and opened when its caller is back. */

import type { AgentRun } from '../../contracts/runs.ts';
import type { RecordSealer } from '../../contracts/sealing.ts';
import type { RunWait } from '../../domain/agent/put-back.ts';
import type { RunRecord } from './run-record.ts';

export interface KeepWaiting {
  /** Why no run can wait here; undefined: it can. For people. */
  refusal(): string | undefined;
  /** Writes the run as waiting. Returns why that was not possible. */
  keep(
    record: RunRecord,
    waits: readonly RunWait[],
    pending: readonly string[],
    figures: Partial<AgentRun>,
  ): Promise<string | undefined>;
  /** Undefined: it cannot be opened any more. */
  open(run: AgentRun): readonly RunWait[] | undefined;
}

const MAX_STATE_CHARS = 8 * 1024 * 1024;
/** How long results can be brought. */
const WAIT_MS = 24 * 3_600_000;

const boundTo = (runId: string): string => `run ${runId}`;

export function createKeepWaiting(deps: {
  readonly isStored: boolean;
  readonly sealer: RecordSealer | undefined;
  readonly now: () => number;
}): KeepWaiting {
  const { sealer, now } = deps;
  const refusal = (): string | undefined => {
    if (!deps.isStored || sealer === undefined) return 'runs are kept nowhere here';
    const why = sealer.refusal();
    return why === undefined ? undefined : `this run cannot wait for them: ${why}`;
  };
  return {
    refusal,
    async keep(record, waits, pending, figures) {
      const why = refusal();
      if (why !== undefined || sealer === undefined) return why;
      const plain = JSON.stringify(waits);
      if (plain.length > MAX_STATE_CHARS) return 'what it has gathered is too long to be kept until they are brought';
      const sealedState = sealer.seal(plain, boundTo(record.current().id));
      const isKept = await record.write({
        ...{ ...figures, state: 'waiting', pending, sealedState, expiresAtMs: now() + WAIT_MS },
      });
      return isKept ? undefined : 'this run could not be kept until they are brought';
    },
    open(run) {
      const plain = run.sealedState === undefined ? undefined : sealer?.open(run.sealedState, boundTo(run.id));
      return plain === undefined ? undefined : (JSON.parse(plain) as readonly RunWait[]);
    },
  };
}
