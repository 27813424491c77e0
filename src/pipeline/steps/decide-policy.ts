/** Step: what the rules say of this very call. Only in the column where the configuration has rules. */

import type { Call, Endpoint, Step } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { decidePlan, type Plan, type Ruling } from '../../domain/policy/compile-policy.ts';
import type { Situation } from '../../domain/policy/judge-rule.ts';
import { readArguments } from '../../domain/policy/read-arguments.ts';
import { argumentsText, paramsOf } from '../intent.ts';
import { noteOf, type PolicyView } from '../policy-view.ts';

/** Where clients reach it: what rules and people are told. */
export function endpointPath(endpoint: Endpoint): string {
  switch (endpoint.type) {
    case 'all':
      return '/mcp';
    case 'server':
      return `/mcp/${endpoint.serverId}`;
    case 'toolset':
      return `/mcp/t/${endpoint.toolset}`;
  }
}

function refuse(call: Call, ruling: Ruling): never {
  call.facts.policy = noteOf(ruling);
  const { rule = '', message, problem } = ruling;
  const words = [
    rule.startsWith('defaults.') ? `policy.${rule}` : `rule "${rule}"`,
    ...(message === undefined ? [] : [message]),
    ...(problem === undefined ? [] : [`it could not be decided for this call: ${problem}`]),
  ];
  const data = { rule, verdict: call.facts.policy.verdict };
  if (ruling.action === 'deny') throw new GatewayError('denied_by_policy', words.join('; '), { data });
  words.push('only calls of tools can be approved; ask the operator for a rule that allows it');
  throw new GatewayError('approval_required', words.join('; '), { data });
}

/** Whatever else stands under that name is nothing the server would look at. */
const HAVE_ARGUMENTS: ReadonlySet<Call['kind']> = new Set(['tools.call', 'prompts.get']);

export type Judge = (call: Call) => Ruling;

/** What the rules say of a call whose target is known. Throws GatewayError `invalid_params`. */
export function createJudge(deps: { planOf: PolicyView['planOf']; now: () => number }): Judge {
  const situationOf = (call: Call, plan: Plan & { type: 'open' }): Situation => {
    const text = plan.readsArguments && HAVE_ARGUMENTS.has(call.kind) ? argumentsText(paramsOf(call)) : undefined;
    const args = readArguments(text, plan.rules);
    if ('fault' in args) throw new GatewayError('invalid_params', args.fault);
    const { value, count, longestChars } = args.reading;
    const toolset = call.endpoint.type === 'toolset' ? call.endpoint.toolset : '';
    return {
      values: {
        args: value,
        now: new Date(deps.now()),
        request: { endpoint: endpointPath(call.endpoint), toolset },
      },
      size: { count, longestChars },
    };
  };

  return (call) => {
    const plan = deps.planOf(call);
    return plan.type === 'settled' ? plan.ruling : decidePlan(plan, () => situationOf(call, plan));
  };
}

/** `canAsk`: calls of tools can be approved, by a later step. */
export function createDecidePolicy(judge: Judge, canAsk: boolean): Step {
  return (call, next) => {
    const ruling = judge(call);
    if (ruling.action === 'ask' && canAsk && call.kind === 'tools.call') {
      call.facts.asks = { rule: ruling.rule ?? '', message: ruling.message };
      return next();
    }
    if (ruling.action !== 'allow') refuse(call, ruling);
    if (ruling.rule !== undefined)
      call.facts.authority = ruling.rule.startsWith('defaults.') ? ruling.rule : `rule:${ruling.rule}`;
    return next();
  };
}
