/** Whether a caller may send a request to a model, and who decides where it goes, as the step `authorize-model` decides it. */

import type { Endpoint, ModelCall } from '../contracts/call.ts';
import type { Caller, Narrowing } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { ExplainedRule, ExplainRequest, Explanation } from '../contracts/explain.ts';
import type { ModelPlan } from '../contracts/models.ts';
import { boundsParameters, checkParameters, describeRefusal } from '../domain/access/check-parameters.ts';
import { createResolveModel } from '../domain/models/resolve-model.ts';
import { ofGrant } from './explain-rules.ts';
import type { GrantOf } from './grants.ts';
import { withinKeys } from './models/within-keys.ts';

const EVERYWHERE: Endpoint = Object.freeze({ type: 'all' });
const NO_NARROWING: Narrowing = Object.freeze({ servers: undefined, tools: undefined });

interface ModelEnd {
  readonly verdict: Explanation['verdict'];
  readonly code: ErrorCode | undefined;
  readonly reason: string;
}

/** Notes in `rules` what was looked at. */
export type ExplainModel = (
  caller: Caller,
  request: Omit<ExplainRequest, 'who'> & HypotheticalRequest,
  rules: ExplainedRule[],
) => ModelEnd;

export function createExplainModel(deps: {
  readonly config: Pick<GatewayConfig, 'providers' | 'models'>;
  readonly grantOf: GrantOf;
}): ExplainModel {
  const providers = deps.config.providers ?? [];
  const { aliases = [], routes = [] } = deps.config.models ?? {};
  const resolve = createResolveModel(providers, deps.config.models);

  const ofPlan = ({ rule }: ModelPlan): ExplainedRule | undefined => {
    if (rule === undefined) return undefined;
    const isRoute = routes.some(({ name }) => name === rule);
    const what = isRoute || !aliases.some(({ name }) => name === rule) ? 'the routing rule' : 'the alias';
    return { step: 'route', level: undefined, rule, verdict: 'passes', reason: `${what} says where it goes` };
  };

  return (caller, request, rules) => {
    const { name } = request.target;
    const grant = deps.grantOf(caller, request.narrowing ?? NO_NARROWING, EVERYWHERE);
    const asked = new Set<string>();
    const plan = resolve(hypotheticalCall(caller, name, request), (provider, model) => {
      const verdict = grant.decide('model', provider, model);
      const target = `${provider}/${model}`;
      // Once for its first use and once as a fallback is one rule all the same.
      if (!asked.has(target)) rules.push(ofGrant(verdict, target, caller));
      asked.add(target);
      return verdict.allowed;
    });
    if (plan === undefined) {
      const reason =
        asked.size === 0 ? 'no provider has this model, or none is configured' : 'the grant allows none of its targets';
      return { verdict: 'refused', code: 'unknown_model', reason };
    }
    const route = ofPlan(plan);
    if (route !== undefined) rules.push(route);
    const usable = withinKeys(plan, caller, (id) => providers.find((each) => each.id === id)?.keys ?? []);
    if (usable === undefined)
      return { verdict: 'refused', code: 'no_provider_key', reason: 'providerKeys leave no key to send it with' };
    if (boundsParameters(caller)) {
      if (request.parameters === undefined)
        return {
          ...{ verdict: 'unknown', code: undefined },
          reason: 'parameters of the request are bounded, and none were given',
        };
      const refusal = checkParameters(caller, request.parameters);
      if (refusal !== undefined) {
        const reason = describeRefusal(refusal);
        rules.push({ step: 'authorize', level: refusal.level, rule: refusal.rule, verdict: 'refuses', reason });
        return { verdict: 'refused', code: 'outside_parameters', reason };
      }
    }
    const targets = usable.stages.flat().map(({ provider, model }) => `${provider}/${model}`);
    return { verdict: 'allowed', code: undefined, reason: `it may go to ${targets.join(', ')}` };
  };
}

interface HypotheticalRequest extends Pick<ExplainRequest, 'headers'> {
  readonly atMs: number;
  readonly budgetShare?: number | undefined;
}

/** A short request in words for this model: what routing would see of it. */
function hypotheticalCall(
  caller: Caller,
  name: string,
  { atMs, headers, budgetShare }: HypotheticalRequest,
): ModelCall {
  const value = { model: name };
  return {
    ...{ id: 'explain', kind: 'chat', receivedAtMs: atMs, startedMs: 0, surface: 'models', endpoint: EVERYWHERE, name },
    ...{ credential: undefined, narrowing: NO_NARROWING, params: { text: JSON.stringify(value), value } },
    peer: {
      ...{ era: 'modern', protocolVersion: '', info: undefined, capabilities: '{}', session: undefined },
      ...{ logLevel: undefined, progressToken: undefined, ask: undefined, notify() {} },
    },
    ...{ watch: undefined, signal: new AbortController().signal, traceparent: undefined, parentId: undefined },
    facts: { caller, ...(budgetShare !== undefined && { budgetShare }) },
    routingHeaders: () => new Map(Object.entries(headers ?? {}).map(([each, value]) => [each.toLowerCase(), value])),
    model: {
      ...{ operation: 'chat', dialect: 'openai-chat', stream: false, headers: new Map() },
      wishes: { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false },
      chat: () => ({ dialect: 'openai-chat', tools: [], stream: false, messages: [] }),
    },
  };
}
