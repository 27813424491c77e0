/** Approvals: a tool call that a rule holds back until a person has looked at it. */

import type { JsonText } from './json.ts';
import type { Suggestion } from './suggestions.ts';

/** Who voted. `client`: whoever sits at the MCP client that made the call, by elicitation. */
export interface Approver {
  readonly type: 'user' | 'admin-token' | 'operator' | 'client';
  readonly id: string;
  readonly name: string;
}

export interface ApprovalVote {
  readonly approver: Approver;
  readonly via: 'api' | 'console' | 'cli' | 'elicitation';
  readonly atMs: number;
  readonly vote: 'approve' | 'reject';
  /** For the caller, where it was rejected. */
  readonly reason: string | undefined;
}

/** `used`: carried out, or being carried out. */
export type ApprovalState = 'pending' | 'approved' | 'rejected' | 'expired' | 'used';

export interface Approval {
  /** `apr_` and 24 hex digits. */
  readonly id: string;
  /** What is to be approved, in the ledger. */
  readonly suggestionId: string;
  readonly runId: string;
  readonly keyId: string;
  readonly keyName: string;
  /** User of the key that called; who needs four eyes cannot vote for their own. */
  readonly userId: string | undefined;
  readonly serverId: string;
  readonly target: string;
  /** As the caller knows the tool. */
  readonly name: string;
  readonly argumentsHash: string;
  /** Sealed, bound to the id: exactly what will be sent. */
  readonly sealedArguments: string;
  /** SHA-256 of the tool's definition when it was asked for; another one is another tool, and asks again. */
  readonly definitionHash: string;
  /** Rule that asks, and what it says. */
  readonly rule: string;
  readonly message: string | undefined;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: ApprovalState;
  /** Approvals needed: 1, or 2 for four eyes where the caller is no user. */
  readonly needed: number;
  readonly votes: readonly ApprovalVote[];
  /** Where they were changed by who approved: what is sent instead. */
  readonly edited: { readonly argumentsHash: string; readonly sealedArguments: string } | undefined;
  /** Call that used it. */
  readonly usedBy: string | undefined;
  /** Grows by one with each change. */
  readonly version: number;
}

export interface ApprovalFilter {
  readonly state?: ApprovalState | undefined;
  readonly keyId?: string | undefined;
  readonly serverId?: string | undefined;
  readonly runId?: string | undefined;
  /** Only those after this id in the order of the list. */
  readonly afterId?: string | undefined;
  readonly limit: number;
}

/** Port: where approvals are kept. */
export interface ApprovalStore extends AsyncDisposable {
  add(approval: Approval): Promise<void>;
  find(id: string): Promise<Approval | undefined>;
  ofSuggestion(suggestionId: string): Promise<Approval | undefined>;
  /** Newest first. After an id that is gone: nothing. */
  list(filter: ApprovalFilter): Promise<readonly Approval[]>;
  /** Puts `next` in place of the version it was made from, as the version after it. False: somebody else changed it in between, nothing was written. */
  replace(next: Approval, expectedVersion: number): Promise<boolean>;
  /** Pending ones whose time is over become `expired`; returns them as they are now, each to one caller only. */
  expire(nowMs: number, limit: number): Promise<readonly Approval[]>;
  /** Removes what is not pending and whose time was over before then, at most 500 a time. Returns how many went. */
  prune(beforeMs: number): Promise<number>;
  /** Hears of ids that changed, whichever process did it: its own at once, others' within half a second. Returns how to stop. */
  onChange(listener: (id: string) => void): () => void;
}

/**
 * A standing approval, kept as an object (`contracts/objects`, kind `standing-approval`): what it fits needs no person any more.
 * `key`: id, undefined for all; `targets`: patterns as in a grant; `when`: CEL over `args`; until `expiresAtMs`.
 */
export interface StandingApproval {
  readonly id: string;
  readonly name: string;
  readonly key: string | undefined;
  readonly targets: readonly string[];
  readonly when: string | undefined;
  readonly expiresAtMs: number;
  readonly reason: string | undefined;
}

/** Section `approvals`. */
export interface ApprovalsConfig {
  /** How long a person has. Default 86,400,000 ms. */
  readonly expireAfterMs: number;
  /** How long a suggestion of a model may be carried out. Default 3,600,000 ms. */
  readonly suggestionsExpireAfterMs: number;
  /** How long an answer of an execution is kept for whoever asks again. Default 86,400,000 ms. */
  readonly keepResultsMs: number;
  /** Whether people at MCP clients are asked in the client where it can. Default true. */
  readonly elicitation: boolean;
  /** Nobody approves what they called for themselves; where no user called, two have to. Default false. */
  readonly fourEyes: boolean;
  /** How long the gateway's agent loop, and a client that asked to wait, wait for a person. Default 300,000 ms. */
  readonly waitMs: number;
}

/** What somebody has to see to decide. */
export interface ApprovalDetail {
  readonly approval: Approval;
  /** Exactly what was asked for. Undefined: it cannot be opened any more. */
  readonly arguments: JsonText | undefined;
  /** What is sent instead; undefined: nothing was changed, or it cannot be opened any more. */
  readonly editedArguments: JsonText | undefined;
  /** Others of the same run or conversation, newest first, at most 20. */
  readonly recent: readonly Suggestion[];
}

export interface VoteRequest extends Omit<ApprovalVote, 'atMs'> {
  readonly id: string;
  /** What is to be sent instead, a JSON object; only where it is approved. Undefined: what was asked for, or edited before. */
  readonly edited: JsonText | undefined;
}

export type VoteRefusal =
  | 'unknown'
  /** It was decided already, was used, or its time is over. */
  | 'not-pending'
  /** Nobody decides about what they called for themselves. */
  | 'own'
  /** They voted before, and somebody else has to. */
  | 'twice'
  /** Whoever sits at the client that called is no second pair of eyes. */
  | 'client'
  /** Edited arguments are no JSON object, can be read in two ways, are too long, or come with a rejection. */
  | 'bad-arguments'
  /** Edited arguments cannot be kept, since nothing may be sealed. */
  | 'unsealable'
  /** Others voted at the same time, again and again: ask again. */
  | 'busy';

export type VoteOutcome =
  /** As it stands after it: `pending` where another vote is needed. */
  | { readonly type: 'counted'; readonly approval: Approval }
  | { readonly type: 'refused'; readonly refusal: VoteRefusal; readonly approval: Approval | undefined };

/** Port: where people look at approvals and decide, whichever way they came. */
export interface ApprovalDesk {
  list(filter: ApprovalFilter): Promise<readonly Approval[]>;
  inspect(id: string): Promise<ApprovalDetail | undefined>;
  /** Written, and in the trail, when it resolves; a rejection withdraws what was suggested. */
  vote(request: VoteRequest): Promise<VoteOutcome>;
  /** As in `ApprovalStore`. */
  onChange(listener: (id: string) => void): () => void;
}
