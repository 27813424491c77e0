/** Approvals as the pipeline asks for them: made, looked up, voted on by the client itself; each leaves its rows in the trail. */

import { createHash } from 'node:crypto';
import type { Approval, ApprovalStore, ApprovalsConfig, ApprovalVote } from '../../contracts/approvals.ts';
import type { Call } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { RecordSealer } from '../../contracts/sealing.ts';
import type { Suggestion } from '../../contracts/suggestions.ts';
import type { Trail } from '../../contracts/trail.ts';
import { endpointKey } from '../../domain/tools/resolve.ts';
import { callerOf } from '../grants.ts';
import { argumentsText, paramsOf } from '../intent.ts';
import { argumentsHash } from '../ledger/arguments-hash.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { boundTo, createApprovalDesk } from './approval-desk.ts';
import { createNoteApproval, type NewsOrigin } from './note-approval.ts';

const ID_DIGITS = 24;

/** The defaults of section `approvals`. */
export const APPROVALS: ApprovalsConfig = {
  expireAfterMs: 86_400_000,
  suggestionsExpireAfterMs: 3_600_000,
  keepResultsMs: 86_400_000,
  elicitation: true,
  fourEyes: false,
  waitMs: 300_000,
};

export interface ApprovalRequestsDeps {
  readonly ledger: Ledger;
  readonly approvals: ApprovalStore;
  readonly sealer: RecordSealer;
  readonly trail: Trail;
  readonly config: ApprovalsConfig;
  readonly now: () => number;
  readonly randomHex: (digits: number) => string;
}

export interface ApprovalRequests {
  readonly config: ApprovalsConfig;
  /** What the client has asked for before in the very same words, and can still be approved or carried out, or was rejected. */
  findAsked(call: Call): Promise<Suggestion | undefined>;
  approvalOf(suggestion: Suggestion): Promise<Approval | undefined>;
  /** Throws GatewayError `approval_required` where nothing may be stored that has to be. */
  ask(call: Call, known: Suggestion | undefined): Promise<Approval>;
  /** By whoever sits at the client. The approval as it stands then. */
  voteByClient(approval: Approval, call: Call, vote: Pick<ApprovalVote, 'vote' | 'reason'>): Promise<Approval>;
  /** What was approved in place of what was asked for; undefined: the very thing. */
  editedArguments(approval: Approval): JsonText | undefined;
}

function originOf({ id, facts, surface }: Call): NewsOrigin {
  return { parentId: id, traceId: facts.traceId ?? '', surface };
}

/** Another definition is another tool. */
export function definitionHashOf(call: Call): string {
  return createHash('sha256')
    .update(call.facts.tool?.text ?? '')
    .digest('hex');
}

export function createApprovalRequests(deps: ApprovalRequestsDeps): ApprovalRequests {
  const { ledger, approvals, sealer, config, now, randomHex } = deps;

  const note = createNoteApproval(deps.trail);
  const desk = createApprovalDesk({
    ...{ approvals, suggestions: ledger.store, sealer, trail: deps.trail, now },
    config: () => config,
  });

  const suggest = async (call: Call, text: JsonText): Promise<Suggestion> => {
    const id = `sug_${randomHex(ID_DIGITS)}`;
    const { serverId = '', target = call.name } = call.facts;
    const suggestion: Suggestion = {
      ...{ id, source: 'client', runId: call.runId ?? call.id, callId: call.id, keyId: callerOf(call).keyId },
      ...{ model: undefined, dialect: undefined, toolCallId: undefined },
      ...{ endpoint: endpointKey(call.endpoint), name: call.name, serverId, target },
      ...{ argumentsHash: argumentsHash(text), sealedArguments: ledger.sealArguments(id, text), verdict: 'ask' },
      // Whoever approves at the last moment leaves time to call again.
      ...{ atMs: now(), expiresAtMs: now() + config.expireAfterMs + config.suggestionsExpireAfterMs },
      ...{ state: 'open', executionId: undefined, sealedResult: undefined, endedAtMs: undefined },
    };
    await ledger.store.add([suggestion]);
    return suggestion;
  };

  return {
    config,
    async findAsked(call) {
      const hash = argumentsHash(argumentsText(paramsOf(call)));
      const found = await ledger.store.findByArguments(callerOf(call).keyId, call.name, hash);
      const { serverId, target } = call.facts;
      return found.find(
        (each) =>
          each.source === 'client' &&
          each.serverId === serverId &&
          each.target === target &&
          each.expiresAtMs > now() &&
          (each.state === 'open' || each.state === 'running' || each.state === 'withdrawn'),
      );
    },
    approvalOf: ({ id }) => approvals.ofSuggestion(id),
    async ask(call, known) {
      const refusal = sealer.refusal();
      if (refusal !== undefined)
        throw new GatewayError('approval_required', `no approval can be asked for here: ${refusal}`, {
          data: { rule: call.facts.asks?.rule, verdict: 'ask' },
        });
      const text = argumentsText(paramsOf(call)) ?? '{}';
      const suggestion = known ?? (await suggest(call, text));
      const caller = callerOf(call);
      const userId = caller.levels?.find(({ type }) => type === 'user')?.id;
      const id = `apr_${randomHex(ID_DIGITS)}`;
      const approval: Approval = {
        ...{ id, suggestionId: suggestion.id, runId: suggestion.runId, keyId: caller.keyId, keyName: caller.keyName },
        ...{ userId, serverId: suggestion.serverId, target: suggestion.target, name: call.name },
        ...{ argumentsHash: argumentsHash(text), sealedArguments: sealer.seal(text, boundTo(id)) },
        ...{ definitionHash: definitionHashOf(call), rule: call.facts.asks?.rule ?? '' },
        ...{ message: call.facts.asks?.message, requestedAtMs: now(), expiresAtMs: now() + config.expireAfterMs },
        // Where no user called, nobody can be told apart from the caller: two have to look.
        ...{ state: 'pending', needed: config.fourEyes && userId === undefined ? 2 : 1, votes: [] },
        ...{ edited: undefined, usedBy: undefined, version: 1 },
      };
      await approvals.add(approval);
      note('approval.requested', approval, { atMs: now(), about: { rule: approval.rule }, from: originOf(call) });
      return approval;
    },
    async voteByClient(approval, call, { vote, reason }) {
      const { keyId, keyName } = callerOf(call);
      const outcome = await desk.vote(
        {
          ...{ id: approval.id, approver: { type: 'client', id: keyId, name: keyName }, via: 'elicitation' },
          ...{ vote, reason, edited: undefined },
        },
        originOf(call),
      );
      // Where somebody else was first, what they decided holds.
      return outcome.approval ?? approval;
    },
    editedArguments({ id, edited }) {
      if (edited === undefined) return undefined;
      const text = sealer.open(edited.sealedArguments, boundTo(id));
      if (text === undefined) throw new GatewayError('internal', 'the approved arguments cannot be opened any more');
      return text;
    },
  };
}
