/** What a vote makes of an approval, and who may cast it. */

import type { Approval, ApprovalVote, VoteRefusal } from '../../contracts/approvals.ts';

export type VoteResult =
  | { readonly ok: true; readonly approval: Approval }
  | { readonly ok: false; readonly refusal: Extract<VoteRefusal, 'not-pending' | 'own' | 'twice' | 'client'> };

/** `edited`: what is sent instead, where it is approved with other arguments; every later approval is of those. */
export function castVote(
  approval: Approval,
  vote: ApprovalVote,
  { fourEyes, nowMs }: { readonly fourEyes: boolean; readonly nowMs: number },
  edited?: Approval['edited'],
): VoteResult {
  if (approval.state !== 'pending' || approval.expiresAtMs <= nowMs) return { ok: false, refusal: 'not-pending' };
  const { approver } = vote;
  if (fourEyes && approver.type === 'client') return { ok: false, refusal: 'client' };
  if (fourEyes && approver.type === 'user' && approver.id === approval.userId) return { ok: false, refusal: 'own' };
  if (approval.votes.some((each) => each.approver.type === approver.type && each.approver.id === approver.id))
    return { ok: false, refusal: 'twice' };
  // Whoever approved other arguments did not approve these.
  const before = edited === undefined ? approval.votes : [];
  const votes = [...before, vote];
  const approvals = votes.filter((each) => each.vote === 'approve').length;
  const state = vote.vote === 'reject' ? 'rejected' : approvals >= approval.needed ? 'approved' : 'pending';
  return { ok: true, approval: { ...approval, votes, state, edited: edited ?? approval.edited } };
}
