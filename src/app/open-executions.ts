/** What stands in the ledger of tool calls, who approves it and which runs it belongs to: opened together, for the gateway. */

import type { ApprovalStore } from '../contracts/approvals.ts';
import type { CodeStateStore } from '../contracts/codemode.ts';
import type { Log } from '../contracts/log.ts';
import type { RunStore } from '../contracts/runs.ts';
import type { RecordSealer } from '../contracts/sealing.ts';
import type { SuggestionKeeper } from '../contracts/suggestions.ts';
import type { FindStanding } from '../domain/approvals/standing.ts';
import type { Stores } from './open-stores.ts';
import { followStandingApprovals } from './standing-approvals.ts';

export interface Executions {
  readonly suggestions: SuggestionKeeper;
  readonly approvals: ApprovalStore;
  readonly runs: RunStore;
  /** What scripts keep between their runs, and while they wait. */
  readonly codeStates: CodeStateStore;
  /** Seals arguments, answers and states before they are stored. */
  readonly recordSealer: RecordSealer;
  /** What was approved beforehand. */
  readonly standing: () => FindStanding;
}

/** They are closed with the stores. */
export async function openExecutions(stores: Stores, recordSealer: RecordSealer, log: Log): Promise<Executions> {
  const standing = await followStandingApprovals({ objects: await stores.objects(), log });
  return {
    ...{ suggestions: await stores.suggestions(), approvals: await stores.approvals(), runs: await stores.runs() },
    ...{ codeStates: await stores.codeStates(), recordSealer, standing: standing.current },
  };
}
