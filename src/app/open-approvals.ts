/** Where people decide about calls that wait, and who is told of them. */

import type { ApprovalDesk } from '../contracts/approvals.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { Log } from '../contracts/log.ts';
import type { Trail } from '../contracts/trail.ts';
import { createApprovalDesk } from '../pipeline/approvals/approval-desk.ts';
import { type ApprovalNewsDeps, openApprovalNews } from '../pipeline/approvals/approval-news.ts';
import type { Executions } from './open-executions.ts';

export interface OpenedApprovals extends AsyncDisposable {
  readonly desk: ApprovalDesk;
}

/** The stores stay open. */
export async function openApprovals(deps: {
  readonly executions: Pick<Executions, 'approvals' | 'suggestions' | 'recordSealer'>;
  readonly trail: Pick<Trail, 'record'>;
  readonly config: () => GatewayConfig;
  readonly tell: ApprovalNewsDeps['tell'];
  readonly log: Log;
  readonly now: () => number;
}): Promise<OpenedApprovals> {
  const { executions, trail, config, tell, log, now } = deps;
  const { approvals, suggestions, recordSealer: sealer } = executions;
  const news = await openApprovalNews({ approvals, tell, log, now, publicUrl: () => config().listen.publicUrl });
  return {
    desk: createApprovalDesk({
      ...{ approvals, suggestions, sealer, trail, now },
      config: () => config().approvals ?? { fourEyes: false },
    }),
    [Symbol.asyncDispose]: () => news[Symbol.asyncDispose](),
  };
}
