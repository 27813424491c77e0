/** Step: what a rule holds back goes on once a person has approved it, or had done so before it was called. */

import type { Approval } from '../../contracts/approvals.ts';
import type { Call, McpOutcome, Step } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { FindStanding } from '../../domain/approvals/standing.ts';
import { isObject } from '../../lib/is-object.ts';
import { withMembers } from '../../lib/json-text.ts';
import { type ApprovalRequests, definitionHashOf } from '../approvals/approval-requests.ts';
import { APPROVAL_QUESTION, answerOf, questionOf, takesForms } from '../approvals/ask-client.ts';
import type { RareStep } from '../compile.ts';
import type { Continuations } from '../continuations.ts';
import { callerOf } from '../grants.ts';
import { argumentsText, paramsOf } from '../intent.ts';
import { rejected } from '../ledger/ledger.ts';
import { withoutAnswers } from '../without-answers.ts';
import type { Judge } from './decide-policy.ts';

export interface RequireApprovalDeps {
  readonly requests: ApprovalRequests;
  readonly standing: () => FindStanding;
  readonly judge: Judge;
  readonly continuations: Pick<Continuations, 'seal'>;
  readonly now: () => number;
}

type Next = () => McpOutcome | Promise<McpOutcome>;

export function createRequireApproval(deps: RequireApprovalDeps): RareStep<Step> {
  const { requests, now } = deps;

  const goOn = (call: Call, approval: Approval, next: Next): McpOutcome | Promise<McpOutcome> => {
    const edited = requests.editedArguments(approval);
    if (edited !== undefined) {
      const { text, value } = paramsOf(call);
      const parsed: unknown = JSON.parse(edited);
      call.facts.params = { text: withMembers(text, { arguments: edited }), value: { ...value, arguments: parsed } };
      // Nobody approves what a rule denies.
      const ruling = deps.judge(call);
      if (ruling.action === 'deny')
        throw new GatewayError('denied_by_policy', `rule "${ruling.rule}", with the arguments that were approved`, {
          data: { rule: ruling.rule, verdict: 'deny' },
        });
    }
    call.facts.approvalId = approval.id;
    call.facts.authority = `approval:${approval.id}`;
    return next();
  };

  /** Undefined: it has to be asked for anew. */
  const standsFor = (call: Call, approval: Approval): boolean =>
    approval.definitionHash === definitionHashOf(call) && approval.expiresAtMs > now();

  const require = async (call: Call, next: Next): Promise<McpOutcome> => {
    const { serverId = '', target = call.name } = call.facts;
    const question = { keyId: callerOf(call).keyId, serverId, target, nowMs: now() };
    const standing = deps.standing()({ ...question, arguments: argumentsText(paramsOf(call)) });
    if (standing !== undefined) {
      call.facts.authority = `standing:${standing.id}`;
      return next();
    }
    const suggestion = call.facts.suggestion ?? (await requests.findAsked(call));
    const known = suggestion && (await requests.approvalOf(suggestion));
    if (suggestion !== undefined && known !== undefined) {
      if (known.state === 'rejected') throw rejected(known);
      if ((known.state === 'approved' || known.state === 'used') && standsFor(call, known)) {
        call.facts.suggestion = suggestion;
        return goOn(call, known, next);
      }
    }
    const isWaiting = known?.state === 'pending' && standsFor(call, known);
    const open = suggestion?.state === 'open' ? suggestion : undefined;
    const approval = isWaiting ? known : await requests.ask(call, open);
    const decided = await askClient(call, approval);
    if (decided === undefined) throw required(call, approval);
    if ('outcome' in decided) return decided.outcome;
    if (decided.approval.state === 'rejected') throw rejected(decided.approval);
    if (decided.approval.state !== 'approved') throw required(call, decided.approval);
    const asked = call.facts.suggestion ?? (await requests.findAsked(call));
    if (asked !== undefined) call.facts.suggestion = asked;
    return goOn(call, decided.approval, next);
  };

  /** Undefined: it cannot be asked, or did not decide. */
  const askClient = async (
    call: Call,
    approval: Approval,
  ): Promise<{ readonly approval: Approval } | { readonly outcome: McpOutcome } | undefined> => {
    const { elicitation, fourEyes } = requests.config;
    const { peer } = call;
    if (!elicitation || fourEyes || call.surface !== 'mcp' || !takesForms(peer)) return undefined;
    const params = questionOf(call, approval);
    if (peer.era === 'modern') {
      const state = deps.continuations.seal(call, { type: 'approval', approvalId: approval.id });
      const text = `{"resultType":"input_required","inputRequests":{"${APPROVAL_QUESTION}":{"method":"elicitation/create","params":${params}}},"requestState":${JSON.stringify(state)}}`;
      // The server was not called.
      call.facts.cached = true;
      return { outcome: { type: 'result', text, isError: false } };
    }
    if (peer.ask === undefined) return undefined;
    const reply = await peer.ask('elicitation/create', params, call.signal).catch((error: unknown) => {
      if (call.signal.aborted) throw error;
      return undefined;
    });
    const answer = reply !== undefined && 'result' in reply ? answerOf(JSON.parse(reply.result)) : undefined;
    return answer && { approval: await requests.voteByClient(approval, call, answer) };
  };

  /** A modern client comes back with what it was asked: its server must not see any of that. */
  const takeAnswer = async (call: Call, approvalId: string, next: Next): Promise<McpOutcome> => {
    const given = call.params.value.inputResponses;
    const answer = answerOf(isObject(given) ? given[APPROVAL_QUESTION] : undefined);
    delete call.facts.continues;
    call.facts.params = withoutAnswers(paramsOf(call).text);
    if (call.facts.asks === undefined) return next();
    const suggestion = await requests.findAsked(call);
    const approval = suggestion && (await requests.approvalOf(suggestion));
    if (suggestion === undefined || approval?.id !== approvalId) return require(call, next);
    const decided = answer === undefined ? approval : await requests.voteByClient(approval, call, answer);
    if (decided.state === 'rejected') throw rejected(decided);
    if (decided.state !== 'approved' || !standsFor(call, decided)) throw required(call, decided);
    call.facts.suggestion = suggestion;
    return goOn(call, decided, next);
  };

  return {
    concerns: ({ facts: { asks, continues } }) => asks !== undefined || continues?.type === 'approval',
    step(call, next) {
      const { continues } = call.facts;
      return continues?.type === 'approval' ? takeAnswer(call, continues.approvalId, next) : require(call, next);
    },
  };
}

function required(call: Call, { id, suggestionId, expiresAtMs, rule, message }: Approval): GatewayError {
  const words = [
    `rule "${rule}"`,
    ...(message === undefined ? [] : [message]),
    `a person has to approve it until ${new Date(expiresAtMs).toISOString()} (approval ${id}); call again with the same arguments once that has happened`,
  ];
  call.facts.policy = { verdict: 'ask', rule };
  return new GatewayError('approval_required', words.join('; '), {
    data: { approvalId: id, suggestionId, expiresAtMs, rule, verdict: 'ask' },
  });
}
