/** Puts together what happened in a run or a conversation, of what the trail and the ledger say of it. */

import type { Approval } from '../../contracts/approvals.ts';
import type { AgentRun, RunSummary, RunTimeline, TimelineEntry } from '../../contracts/runs.ts';
import type { Suggestion } from '../../contracts/suggestions.ts';
import type { TrailRow } from '../../contracts/trail.ts';

export interface TimelineSources {
  readonly id: string;
  readonly run: AgentRun | undefined;
  /** Of the trail, of this run, in any order. */
  readonly rows: readonly TrailRow[];
  readonly suggestions: readonly Suggestion[];
  readonly approvals: readonly Approval[];
}

export function createTimeline({ id, run, rows, suggestions, approvals }: TimelineSources): RunTimeline {
  const ordered = rows.toSorted((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
  // The call that drives the rounds of a run is none of them.
  const rounds = ordered.filter((row) => row.kind === 'chat' && (run === undefined || row.id !== id));
  // What was held back is told by who was asked.
  const calls = ordered.filter(({ kind, error }) => kind === 'tools.call' && error !== 'approval_required');
  const entries: TimelineEntry[] = [
    ...rounds.map(roundOf),
    ...suggestions.map(suggestedOf),
    ...approvals.flatMap((approval) => [askedOf(approval), ...votesOf(approval)]),
    ...calls.map(executedOf),
    ...(run === undefined || run.state === 'running'
      ? []
      : [{ type: 'ended' as const, atMs: run.updatedAtMs, state: run.state, end: run.end }]),
  ];
  const sum = (of: (row: TrailRow) => number | undefined): number =>
    [...rounds, ...calls].reduce((total, row) => total + (of(row) ?? 0), 0);
  return {
    id,
    run: run && summarizeRun(run),
    keyName: run?.keyName ?? ordered.find(({ keyName }) => keyName !== undefined)?.keyName,
    ...{ rounds: rounds.length, calls: calls.length },
    inputTokens: sum(({ model }) => model?.usage?.inputTokens),
    outputTokens: sum(({ model }) => model?.usage?.outputTokens),
    microUsd: sum(({ priceMicroUsd }) => priceMicroUsd),
    entries: entries.sort((a, b) => a.atMs - b.atMs || ORDER.indexOf(a.type) - ORDER.indexOf(b.type)),
  };
}

/** Without what only the gateway needs of it. */
export function summarizeRun({ sealedState: _, leaseUntilMs: __, version: ___, ...run }: AgentRun): RunSummary {
  return run;
}

/** Of what happened in the same millisecond: causes before what they caused. */
const ORDER: readonly TimelineEntry['type'][] = ['round', 'suggested', 'asked', 'voted', 'executed', 'ended'];

function roundOf(row: TrailRow, index: number): TimelineEntry {
  return {
    ...{ type: 'round', atMs: row.atMs, round: index + 1, callId: row.id },
    model: row.serverId === undefined ? row.name || undefined : `${row.serverId}/${row.target ?? row.name}`,
    ...{ inputTokens: row.model?.usage?.inputTokens, outputTokens: row.model?.usage?.outputTokens },
    ...{ microUsd: row.priceMicroUsd, durationMs: row.totalMs, stop: row.model?.stop },
    ...{ result: row.result, error: row.error },
  };
}

function suggestedOf({ atMs, id, callId, name, verdict, state }: Suggestion): TimelineEntry {
  return { type: 'suggested', atMs, suggestionId: id, callId, name, verdict, state };
}

function askedOf(approval: Approval): TimelineEntry {
  const { id, suggestionId, name, rule, message, requestedAtMs, expiresAtMs, state } = approval;
  return {
    type: 'asked',
    atMs: requestedAtMs,
    approvalId: id,
    ...{ suggestionId, name, rule, message, expiresAtMs, state },
  };
}

function votesOf({ id, votes, edited }: Approval): readonly TimelineEntry[] {
  return votes.map(({ atMs, vote, approver, via, reason }) => ({
    ...{ type: 'voted', atMs, approvalId: id, vote, by: approver.name, via, reason },
    isEdited: vote === 'approve' && edited !== undefined,
  }));
}

function executedOf(row: TrailRow): TimelineEntry {
  return {
    ...{ type: 'executed', atMs: row.atMs, callId: row.id, parentId: row.parentId, suggestionId: row.suggestionId },
    ...{ serverId: row.serverId, name: row.name, authority: row.authority, durationMs: row.totalMs },
    ...{ resultBytes: row.resultBytes, microUsd: row.priceMicroUsd, result: row.result, error: row.error },
  };
}
