/** Runs and conversations for people: the same for the admin API in the gateway and for commands beside it. */

import type { ApprovalStore } from '../contracts/approvals.ts';
import type { RunDesk, RunStore } from '../contracts/runs.ts';
import type { SuggestionStore } from '../contracts/suggestions.ts';
import { createTimeline, summarizeRun } from '../domain/runs/timeline.ts';
import type { NoteDecision } from './note-decision.ts';
import type { TrailReading } from './open-stores.ts';

export interface RunDeskDeps {
  readonly runs: Pick<RunStore, 'find' | 'list' | 'requestCancel'>;
  readonly suggestions: Pick<SuggestionStore, 'ofRun'>;
  readonly approvals: Pick<ApprovalStore, 'list'>;
  readonly trail: Pick<TrailReading, 'newest'>;
  /** What was handed to the trail so far is in the store when it resolves. */
  readonly flush: () => Promise<unknown>;
  readonly note: NoteDecision;
  readonly now: () => number;
}

/** Of a longer run only the newest are shown. */
const MAX_ROWS = 5_000;
const MAX_APPROVALS = 1_000;

export function createRunDesk({ runs, suggestions, approvals, trail, flush, note, now }: RunDeskDeps): RunDesk {
  return {
    list: async (filter) => (await runs.list(filter)).map(summarizeRun),
    async timeline(id) {
      await flush();
      const [run, made, asked, rows] = await Promise.all([
        runs.find(id),
        suggestions.ofRun(id),
        approvals.list({ runId: id, limit: MAX_APPROVALS }),
        trail.newest({ runId: id }, undefined, MAX_ROWS),
      ]);
      if (run === undefined && rows.length === 0 && made.length === 0 && asked.length === 0) return undefined;
      return createTimeline({ id, run, rows, suggestions: made, approvals: asked });
    },
    async cancel(id, { actor, via }) {
      const run = await runs.find(id);
      if (run === undefined) return 'unknown';
      // Whoever asks twice has asked.
      if (run.cancelRequested || run.state === 'cancelled') return 'asked';
      if (run.state !== 'running' && run.state !== 'waiting') return 'over';
      const row = { serverId: undefined, target: undefined, arguments: JSON.stringify({ actor, via }) };
      await note({ kind: 'run.cancelled', name: run.model, ...row, runId: id });
      return (await runs.requestCancel(id, now())) ? 'asked' : 'over';
    },
  };
}
