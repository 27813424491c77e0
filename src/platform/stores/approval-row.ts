/** A row of approvals as both engines keep it. */

import type { Approval, ApprovalState, ApprovalVote, Approver } from '../../contracts/approvals.ts';

type Row = { readonly [column: string]: unknown };

/** In the order of `approvalValues`. */
export const APPROVAL_COLUMNS = [
  ...['id', 'suggestion_id', 'run_id', 'key_id', 'key_name', 'user_id', 'server_id', 'target', 'name'],
  ...['arguments_hash', 'sealed_arguments', 'definition_hash', 'rule', 'message', 'requested_at_ms', 'expires_at_ms'],
  ...['state', 'needed', 'votes_json', 'edited_hash', 'edited_sealed', 'used_by', 'version'],
] as const;

export function approvalValues(of: Approval): (string | number | null)[] {
  return [
    ...[of.id, of.suggestionId, of.runId, of.keyId, of.keyName, of.userId ?? null, of.serverId, of.target, of.name],
    ...[of.argumentsHash, of.sealedArguments, of.definitionHash, of.rule, of.message ?? null],
    ...[of.requestedAtMs, of.expiresAtMs, of.state, of.needed, JSON.stringify(of.votes)],
    ...[of.edited?.argumentsHash ?? null, of.edited?.sealedArguments ?? null, of.usedBy ?? null, of.version],
  ];
}

export function readApproval(row: Row): Approval {
  const textOr = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    id: String(row.id),
    suggestionId: String(row.suggestion_id),
    runId: String(row.run_id),
    keyId: String(row.key_id),
    keyName: String(row.key_name),
    userId: textOr(row.user_id),
    serverId: String(row.server_id),
    target: String(row.target),
    name: String(row.name),
    argumentsHash: String(row.arguments_hash),
    sealedArguments: String(row.sealed_arguments),
    definitionHash: String(row.definition_hash),
    rule: String(row.rule),
    message: textOr(row.message),
    requestedAtMs: Number(row.requested_at_ms),
    expiresAtMs: Number(row.expires_at_ms),
    state: String(row.state) as ApprovalState,
    needed: Number(row.needed),
    votes: (JSON.parse(String(row.votes_json)) as KeptVote[]).map(readVote),
    edited:
      typeof row.edited_hash === 'string'
        ? { argumentsHash: row.edited_hash, sealedArguments: String(row.edited_sealed) }
        : undefined,
    usedBy: textOr(row.used_by),
    version: Number(row.version),
  };
}

/** As `approvalValues` wrote it: what is undefined was left out. */
interface KeptVote {
  readonly approver: Approver;
  readonly via: ApprovalVote['via'];
  readonly atMs: number;
  readonly vote: ApprovalVote['vote'];
  readonly reason?: string;
}

function readVote({ reason, ...vote }: KeptVote): ApprovalVote {
  return { ...vote, reason };
}
