/** Tells webhooks of calls that wait for a person, and of what was decided, whichever process or command did it. */

import { createHash } from 'node:crypto';
import type { Approval, ApprovalStore } from '../../contracts/approvals.ts';
import type { Log } from '../../contracts/log.ts';
import type { WebhookEvent } from '../../contracts/webhooks.ts';

export interface ApprovalNewsDeps {
  readonly approvals: Pick<ApprovalStore, 'find' | 'list' | 'onChange'>;
  /** Keeps each event once, whoever tells it and how often. */
  readonly tell: (event: WebhookEvent) => Promise<void>;
  /** Of the gateway, without a slash at the end; undefined: not known. */
  readonly publicUrl: () => string | undefined;
  readonly now: () => number;
  readonly log: Log;
}

/** What happened while nobody ran is told at the start, if it is not older. */
const LOOK_BACK_MS = 3_600_000;
const MAX_LOOKED_AT = 500;
/** Ids that wait to be looked at; of more, the next start tells. */
const MAX_WAITING = 10_000;
/** Clocks are set, and stores prune later. */
const DAY_MS = 86_400_000;

/** Rejects if the store cannot be read. Disposing of it waits until what was heard of is kept. */
export async function openApprovalNews(deps: ApprovalNewsDeps): Promise<AsyncDisposable> {
  const { approvals, tell, publicUrl, now, log } = deps;
  const waiting = new Set<string>();
  let telling: Promise<void> | undefined;

  const tellOf = async (approval: Approval): Promise<void> => {
    for (const event of eventsOf(approval, publicUrl(), now())) await tell(event);
  };
  const work = async (): Promise<void> => {
    for (const id of waiting) {
      waiting.delete(id);
      try {
        const approval = await approvals.find(id);
        if (approval !== undefined) await tellOf(approval);
      } catch (error) {
        log.error('a webhook could not be told of an approval; the next change, or the next start, tries again', {
          approval: id,
          error,
        });
      }
    }
  };
  const start = (): void => {
    telling ??= work().finally(() => {
      telling = undefined;
      if (waiting.size > 0) start();
    });
  };
  const stop = approvals.onChange((id) => {
    if (waiting.size >= MAX_WAITING) return;
    waiting.add(id);
    start();
  });
  const sinceMs = now() - LOOK_BACK_MS;
  for (const approval of await approvals.list({ limit: MAX_LOOKED_AT }))
    if (changedAtMs(approval, now()) >= sinceMs) waiting.add(approval.id);
  start();
  return {
    async [Symbol.asyncDispose]() {
      stop();
      await telling;
    },
  };
}

function changedAtMs({ requestedAtMs, expiresAtMs, votes, state }: Approval, nowMs: number): number {
  const expiredAtMs = state === 'expired' ? Math.min(expiresAtMs, nowMs) : 0;
  return Math.max(requestedAtMs, expiredAtMs, ...votes.map(({ atMs }) => atMs));
}

/** Everything there is to tell of it by now; the same events each time. */
function eventsOf(approval: Approval, publicUrl: string | undefined, nowMs: number): readonly WebhookEvent[] {
  const { id, suggestionId, runId, serverId, target, name, keyId, keyName, rule, votes } = approval;
  const path = `/api/v1/approvals/${id}`;
  const about = {
    ...{ approval: id, suggestion: suggestionId, run: runId, server: serverId, tool: target, name },
    ...{ key: { id: keyId, name: keyName }, rule, needed: approval.needed },
    expiresAt: new Date(approval.expiresAtMs).toISOString(),
    link: publicUrl === undefined ? path : `${publicUrl}${path}`,
  };
  const keepUntilMs = Math.max(approval.expiresAtMs, nowMs) + DAY_MS;
  const event = (type: WebhookEvent['type'], atMs: number, data: WebhookEvent['data']): WebhookEvent => ({
    ...{ id: `evt_${createHash('sha256').update(`${type} ${id}`).digest('hex').slice(0, 32)}`, type, atMs },
    ...{ data, keepUntilMs },
  });
  const requested = event('approval.requested', approval.requestedAtMs, about);
  const decision = decisionOf(approval);
  if (decision === undefined) return [requested];
  const last = votes.at(-1);
  const atMs = decision === 'expired' ? approval.expiresAtMs : (last?.atMs ?? nowMs);
  const by = votes.map(({ approver, via, vote }) => ({ type: approver.type, name: approver.name, via, vote }));
  const isEdited = approval.edited !== undefined;
  return [requested, event('approval.decided', atMs, { ...about, decision, by, isEdited })];
}

function decisionOf({ state }: Approval): 'approved' | 'rejected' | 'expired' | undefined {
  switch (state) {
    case 'pending':
      return undefined;
    case 'used':
      return 'approved';
    case 'approved':
    case 'rejected':
    case 'expired':
      return state;
  }
}
