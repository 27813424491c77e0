/** Where people look at approvals and decide: every vote counts once, and stands in the trail. */

import type {
  Approval,
  ApprovalDesk,
  ApprovalStore,
  ApprovalsConfig,
  ApprovalVote,
  VoteOutcome,
  VoteRefusal,
  VoteRequest,
} from '../../contracts/approvals.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { RecordSealer } from '../../contracts/sealing.ts';
import type { SuggestionStore } from '../../contracts/suggestions.ts';
import type { Trail } from '../../contracts/trail.ts';
import { castVote } from '../../domain/approvals/cast-vote.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { isObject } from '../../lib/is-object.ts';
import { argumentsHash } from '../ledger/arguments-hash.ts';
import { createNoteApproval, type NewsOrigin } from './note-approval.ts';

const MAX_ARGUMENT_CHARS = 262_144;
const MAX_RECENT = 20;
/** Times that somebody else may be faster before one is told to ask again. */
const MAX_TRIES = 8;

export interface ApprovalDeskDeps {
  readonly approvals: ApprovalStore;
  readonly suggestions: Pick<SuggestionStore, 'ofRun' | 'withdraw'>;
  readonly sealer: RecordSealer;
  readonly trail: Pick<Trail, 'record'>;
  /** Of the configuration in force. */
  readonly config: () => Pick<ApprovalsConfig, 'fourEyes'>;
  readonly now: () => number;
}

/** What arguments of an approval are sealed to. */
export const boundTo = (id: string): string => `approval arguments ${id}`;

/** Undefined: nothing is wrong, it is one JSON object that can be read in one way only, and is not too long. */
function faultOf(text: JsonText): 'bad-arguments' | undefined {
  if (text.length > MAX_ARGUMENT_CHARS) return 'bad-arguments';
  try {
    if (!isObject(JSON.parse(text))) return 'bad-arguments';
    canonicalJson(text);
    return undefined;
  } catch {
    return 'bad-arguments';
  }
}

/** The desk, also for votes that come with a call. */
export interface VotingDesk extends ApprovalDesk {
  /** `from`: the call whose client votes; undefined: somebody beside the gateway does. */
  vote(request: VoteRequest, from?: NewsOrigin): Promise<VoteOutcome>;
}

export function createApprovalDesk(deps: ApprovalDeskDeps): VotingDesk {
  const { approvals, suggestions, sealer, trail, config, now } = deps;

  const note = createNoteApproval(trail);

  const editOf = (id: string, text: JsonText): Approval['edited'] => ({
    argumentsHash: argumentsHash(text),
    sealedArguments: sealer.seal(text, boundTo(id)),
  });

  const refusalOf = ({ edited, vote }: VoteRequest): VoteRefusal | undefined => {
    if (edited === undefined) return undefined;
    if (vote === 'reject') return 'bad-arguments';
    return faultOf(edited) ?? (sealer.refusal() === undefined ? undefined : 'unsealable');
  };

  const settle = async (approval: Approval, cast: ApprovalVote, from: NewsOrigin | undefined): Promise<void> => {
    const { approver, via, vote, reason, atMs } = cast;
    const { state } = approval;
    const kind = state === 'pending' ? 'voted' : state === 'rejected' ? 'rejected' : 'approved';
    const about = { vote, approver, via, reason, isEdited: approval.edited !== undefined };
    note(`approval.${kind}`, approval, { atMs, about, from });
    if (state === 'rejected') await suggestions.withdraw(approval.suggestionId, now());
  };

  return {
    list: (filter) => approvals.list(filter),
    onChange: (listener) => approvals.onChange(listener),
    async inspect(id) {
      const approval = await approvals.find(id);
      if (approval === undefined) return undefined;
      const { edited, runId, suggestionId, sealedArguments } = approval;
      const ofRun = await suggestions.ofRun(runId);
      return {
        approval,
        arguments: sealer.open(sealedArguments, boundTo(id)),
        editedArguments: edited && sealer.open(edited.sealedArguments, boundTo(id)),
        recent: ofRun
          .filter((each) => each.id !== suggestionId)
          .slice(-MAX_RECENT)
          .reverse(),
      };
    },
    async vote(request, from): Promise<VoteOutcome> {
      const { id, approver, via, vote, reason } = request;
      const refusal = refusalOf(request);
      let approval = await approvals.find(id);
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        if (approval === undefined) return { type: 'refused', refusal: 'unknown', approval };
        if (refusal !== undefined) return { type: 'refused', refusal, approval };
        const cast: ApprovalVote = { approver, via, vote, reason, atMs: now() };
        const edited = request.edited === undefined ? undefined : editOf(id, request.edited);
        const result = castVote(approval, cast, { fourEyes: config().fourEyes, nowMs: cast.atMs }, edited);
        if (!result.ok) return { type: 'refused', refusal: result.refusal, approval };
        if (await approvals.replace(result.approval, approval.version)) {
          const counted = { ...result.approval, version: approval.version + 1 };
          await settle(counted, cast, from);
          return { type: 'counted', approval: counted };
        }
        approval = await approvals.find(id);
      }
      return { type: 'refused', refusal: 'busy', approval };
    },
  };
}
