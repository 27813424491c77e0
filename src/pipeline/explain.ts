/** Why a caller may make a call, or may not: asks the same functions as the steps, in their order, and calls nobody. */

import type { Endpoint, ModelCall } from '../contracts/call.ts';
import type { Caller, Narrowing } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { ExplainedRule, ExplainRequest, Explanation } from '../contracts/explain.ts';
import { boundsParameters, checkParameters, describeRefusal } from '../domain/access/check-parameters.ts';
import { checkPlaces, compilePlaces } from '../domain/access/check-place.ts';
import { type AccessKind, type AccessVerdict, parsePattern, type TargetKind } from '../domain/access/compile-grant.ts';
import { createResolveModel } from '../domain/models/resolve-model.ts';
import { compilePolicy, decidePlan, type KnownTarget, type RuleReport } from '../domain/policy/compile-policy.ts';
import type { Situation } from '../domain/policy/judge-rule.ts';
import { readArguments } from '../domain/policy/read-arguments.ts';
import { exposedName } from '../domain/tools/exposed-name.ts';
import { parseAddress } from '../lib/network.ts';
import { createGrants } from './grants.ts';
import { withinKeys } from './models/within-keys.ts';

export interface ExplainDeps {
  readonly config: GatewayConfig;
  readonly now: () => number;
  /** Definition of a tool as its server wrote it, which rules on annotations read. Undefined: not known. */
  readonly definitionOf?: ((serverId: string, tool: string) => string | undefined) | undefined;
}

/** Without the limits, which a store keeps. */
type Verdict = Omit<Explanation, 'limits'>;

export type Explain = (caller: Caller, request: Omit<ExplainRequest, 'who'>) => Verdict;

const EVERYWHERE: Endpoint = Object.freeze({ type: 'all' });
const NO_NARROWING: Narrowing = Object.freeze({ servers: undefined, tools: undefined });
const MISSING: { readonly [kind in AccessKind]: ErrorCode } = {
  ...{ tool: 'unknown_tool', prompt: 'unknown_prompt', resource: 'unknown_resource', model: 'unknown_model' },
};

/** For one configuration. Answers as for a request at `/mcp`, or at the paths of models. */
export function createExplain({ config, now, definitionOf }: ExplainDeps): Explain {
  const grantOf = createGrants();
  const policy = config.policy && compilePolicy(config.policy);
  const providers = config.providers ?? [];
  const resolve = createResolveModel(providers, config.models);

  return (caller, request) => {
    const rules: ExplainedRule[] = [];
    const atMs = request.atMs ?? now();
    const end = (verdict: Explanation['verdict'], code: ErrorCode | undefined, reason: string): Verdict => ({
      ...{ verdict, code, reason, rules },
    });

    const place = explainPlace(caller, request.from, atMs, rules);
    if (place !== undefined) return end(place.verdict, place.code, place.reason);

    const { kind, name } = request.target;
    const grant = grantOf(caller, request.narrowing ?? NO_NARROWING, EVERYWHERE);
    if (kind === 'model') {
      const plan = resolve(hypotheticalCall(caller, name, atMs), (provider, model) => {
        const verdict = grant.decide('model', provider, model);
        rules.push(ofGrant(verdict, `${provider}/${model}`, caller));
        return verdict.allowed;
      });
      if (plan === undefined) {
        const reason =
          rules.length === 0
            ? 'no provider has this model, or none is configured'
            : 'the grant allows none of its targets';
        return end('refused', 'unknown_model', reason);
      }
      const usable = withinKeys(plan, caller, (id) => providers.find((each) => each.id === id)?.keys ?? []);
      if (usable === undefined) return end('refused', 'no_provider_key', 'providerKeys leave no key to send it with');
      if (boundsParameters(caller)) {
        if (request.parameters === undefined)
          return end('unknown', undefined, 'parameters of the request are bounded, and none were given');
        const refusal = checkParameters(caller, request.parameters);
        if (refusal !== undefined) {
          const reason = describeRefusal(refusal);
          rules.push({ step: 'authorize', level: refusal.level, rule: refusal.rule, verdict: 'refuses', reason });
          return end('refused', 'outside_parameters', reason);
        }
      }
      return end(
        'allowed',
        undefined,
        `it may go to ${usable.stages
          .flat()
          .map((t) => `${t.provider}/${t.model}`)
          .join(', ')}`,
      );
    }

    const target = parsePattern(name);
    const own = target.name ?? '';
    const verdict = grant.decide(kind, target.server, own);
    rules.push(ofGrant(verdict, name, caller));
    if (!verdict.allowed) return end('refused', MISSING[kind], rules.at(-1)?.reason ?? '');
    if (policy === undefined) return end('allowed', undefined, rules.at(-1)?.reason ?? '');

    const exposed = kind === 'resource' ? own : exposedName(target.server, own);
    const definition = kind === 'tool' ? definitionOf?.(target.server, own) : undefined;
    const known: KnownTarget & { kind: TargetKind } = { kind, serverId: target.server, name: own, exposed, definition };
    const plan = policy.plan(caller.keyName, known);
    const open = plan.type === 'open' ? plan.rules : [];
    const takesArguments = kind !== 'resource';
    const isBlind = takesArguments && plan.type === 'open' && plan.readsArguments && request.args === undefined;
    const read = readArguments(
      takesArguments && plan.type === 'open' && plan.readsArguments && !isBlind
        ? JSON.stringify(request.args)
        : undefined,
      open,
    );
    if ('fault' in read) return end('refused', 'invalid_params', read.fault);
    const { value, count, longestChars } = read.reading;
    const situation: Situation = {
      values: { args: value, now: new Date(atMs), request: { endpoint: '/mcp', toolset: '' } },
      size: { count, longestChars },
    };
    rules.push(...policy.explain(caller.keyName, known, situation).map((report) => ofPolicy(report, isBlind)));
    if (isBlind) return end('unknown', undefined, 'a rule reads the arguments of the call, and none were given');
    const ruling = decidePlan(plan, () => situation);
    const by = ruling.rule === undefined ? 'no rule speaks of it' : `policy: ${ruling.rule}`;
    const reason = [by, ruling.message, ruling.problem].filter((each) => each !== undefined).join('; ');
    switch (ruling.action) {
      case 'allow':
        return end('allowed', undefined, reason);
      case 'ask':
        return end('asks', 'approval_required', reason);
      case 'deny':
        // What is denied whatever the call holds is hidden: it is answered like what is not there.
        return end('refused', plan.type === 'settled' ? MISSING[kind] : 'denied_by_policy', reason);
    }
  };
}

interface PlaceEnd {
  readonly verdict: 'refused' | 'unknown';
  readonly code: ErrorCode | undefined;
  readonly reason: string;
}

function explainPlace(
  caller: Caller,
  from: string | undefined,
  atMs: number,
  rules: ExplainedRule[],
): PlaceEnd | undefined {
  const address = from === undefined ? undefined : parseAddress(from);
  for (const each of compilePlaces(caller)) {
    const { level, networks, hours } = each;
    const base = { step: 'identify', level } as const;
    const isUnknown = networks !== undefined && from === undefined;
    const refusal = checkPlaces([isUnknown ? { ...each, networks: undefined } : each], address, atMs);
    if (refusal !== undefined) {
      const what =
        refusal.code === 'outside_network'
          ? 'the address is in none of its networks'
          : 'the time is not within its hours';
      const reason = `${what}: ${refusal.rule} (${level.type} "${level.name}")`;
      rules.push({ ...base, rule: refusal.rule, verdict: 'refuses', reason });
      return { verdict: 'refused', code: refusal.code, reason };
    }
    if (isUnknown) {
      const reason = 'where the call comes from was not given, and this bounds it';
      rules.push({ ...base, rule: networks.rule, verdict: 'unknown', reason });
      return { verdict: 'unknown', code: undefined, reason };
    }
    if (networks !== undefined)
      rules.push({ ...base, rule: networks.rule, verdict: 'passes', reason: 'it holds the address' });
    if (hours !== undefined) rules.push({ ...base, rule: hours.rule, verdict: 'passes', reason: 'it holds the time' });
  }
  return undefined;
}

function ofGrant({ allowed, rule, level }: AccessVerdict, target: string, caller: Caller): ExplainedRule {
  const isNarrowed = rule?.startsWith('x-portcullis-') === true;
  const whose = isNarrowed ? undefined : (level ?? { type: 'key', id: caller.keyId, name: caller.keyName });
  const by = whose === undefined ? 'the request itself' : `the ${whose.type} "${whose.name}"`;
  const how = rule === undefined ? 'nothing in "allow" speaks of it' : `by ${rule}`;
  const reason = allowed
    ? `${target}: allowed by ${rule}, and by every level above`
    : `${target}: not allowed by ${by}, ${how}`;
  return { step: 'authorize', level: whose, rule, verdict: allowed ? 'passes' : 'refuses', reason };
}

function ofPolicy({ rule, judgement }: RuleReport, isBlind: boolean): ExplainedRule {
  const base = { step: 'decide-policy', level: undefined, rule: rule.name } as const;
  if (isBlind && rule.readsArguments && judgement.fits !== 'no')
    return { ...base, verdict: 'unknown', reason: 'it reads arguments, and none were given' };
  switch (judgement.fits) {
    case 'no':
      return { ...base, verdict: 'not-concerned', reason: `it does not fit: ${judgement.because}` };
    case 'yes':
      return { ...base, verdict: VERDICTS[rule.action], reason: 'it fits' };
    case 'unknown':
      return { ...base, verdict: VERDICTS[rule.action], reason: `its condition has no answer: ${judgement.problem}` };
  }
}

const VERDICTS = { allow: 'passes', ask: 'asks', deny: 'refuses' } as const;

/** A request for this model that wishes for nothing: what routing would see of it. */
function hypotheticalCall(caller: Caller, name: string, atMs: number): ModelCall {
  const value = { model: name };
  return {
    ...{ id: 'explain', kind: 'chat', receivedAtMs: atMs, startedMs: 0, surface: 'models', endpoint: EVERYWHERE, name },
    ...{ credential: undefined, narrowing: NO_NARROWING, params: { text: JSON.stringify(value), value } },
    peer: {
      ...{ era: 'modern', protocolVersion: '', info: undefined, capabilities: '{}', session: undefined },
      ...{ logLevel: undefined, progressToken: undefined, ask: undefined, notify() {} },
    },
    ...{ watch: undefined, signal: new AbortController().signal, traceparent: undefined, parentId: undefined },
    facts: { caller },
    model: {
      ...{ operation: 'chat', dialect: 'openai-chat', stream: false, headers: new Map() },
      wishes: { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false },
      chat: () => ({ dialect: 'openai-chat', tools: [], stream: false, messages: [] }),
    },
  };
}
