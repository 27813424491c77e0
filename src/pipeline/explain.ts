/** Why a caller may make a call, or may not: asks the same functions as the steps, in their order, and calls nobody. */

import type { Endpoint } from '../contracts/call.ts';
import type { Narrowing } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { ExplainedRule, ExplainRequest, Explanation } from '../contracts/explain.ts';
import type { AccessKind, CompiledGrant, TargetKind } from '../domain/access/compile-grant.ts';
import { type CompiledPolicy, compilePolicy, decidePlan, type KnownTarget } from '../domain/policy/compile-policy.ts';
import type { Situation } from '../domain/policy/judge-rule.ts';
import { readArguments } from '../domain/policy/read-arguments.ts';
import { createHintsOf } from '../domain/policy/tool-hints.ts';
import type { Catalog } from '../domain/tools/catalog.ts';
import { exposedName } from '../domain/tools/exposed-name.ts';
import { matchesWildcard } from '../lib/wildcard.ts';
import { ofAgent } from './explain-agent.ts';
import { type ExplainedCaller, explainKey, explainPlace, explainScope } from './explain-caller.ts';
import { createExplainModel } from './explain-model.ts';
import { ofGrant, ofPolicy, VERDICTS } from './explain-rules.ts';
import { assumeTarget, type ExplainedTarget, findTarget } from './explain-target.ts';
import { createGrants, servesToolset } from './grants.ts';
import { createPolicyView } from './policy-view.ts';
import { endpointPath } from './steps/decide-policy.ts';

export interface ExplainDeps {
  readonly config: GatewayConfig;
  readonly now: () => number;
  /** What servers offer to clients now. Undefined: not known, so that names are believed. */
  readonly catalog?: (() => Catalog) | undefined;
  /** Why clients are not shown what a server may well offer under that name. Undefined: nothing is known of it. */
  readonly whyHidden?: ((kind: TargetKind, serverId: string, name: string) => string | undefined) | undefined;
}

/** Without the limits, which a store keeps. */
type Verdict = Omit<Explanation, 'limits'>;
type End = Omit<Verdict, 'rules'>;

export interface Question extends Omit<ExplainRequest, 'who'> {
  /** How much is used of the budget nearest to its end, for rules on where requests to models go. Undefined: nobody knows. */
  readonly budgetShare?: number | undefined;
}

export type Explain = (caller: ExplainedCaller, question: Question) => Verdict;

const EVERYWHERE: Endpoint = Object.freeze({ type: 'all' });
const NO_NARROWING: Narrowing = Object.freeze({ servers: undefined, tools: undefined });
const MISSING: { readonly [kind in AccessKind]: ErrorCode } = {
  ...{ tool: 'unknown_tool', prompt: 'unknown_prompt', resource: 'unknown_resource', model: 'unknown_model' },
};

/** For one configuration. */
export function createExplain({ config, now, catalog, whyHidden }: ExplainDeps): Explain {
  const grantOf = createGrants();
  const policy = config.policy && compilePolicy(config.policy);
  const viewOf = policy && catalog ? createPolicyView({ policy, grantOf, catalog }).grantOf : grantOf;
  const hintsOf = createHintsOf(config.policy?.annotations ?? []);
  const explainModel = createExplainModel({ config, grantOf });

  /** Undefined: there is such an endpoint for this caller. */
  const explainEndpoint = (
    caller: ExplainedCaller,
    endpoint: Endpoint,
    grant: CompiledGrant,
    rules: ExplainedRule[],
  ): End | undefined => {
    if (endpoint.type === 'all') return undefined;
    const runs = (id: string): boolean =>
      catalog === undefined
        ? config.servers.some((server) => server.id === id && server.enabled)
        : catalog().servers.has(id);
    if (endpoint.type === 'server' && runs(endpoint.serverId) && grant.reaches(endpoint.serverId)) return undefined;
    if (endpoint.type === 'toolset' && servesAssumed(caller, endpoint.toolset, grant, runs)) return undefined;
    const reason = `for this caller there is no endpoint ${endpointPath(endpoint)}`;
    rules.push({ step: 'authorize', level: undefined, rule: undefined, verdict: 'refuses', reason });
    return { verdict: 'refused', code: 'unknown_server', reason };
  };

  const servesAssumed = (
    caller: ExplainedCaller,
    toolset: string,
    grant: CompiledGrant,
    runs: (id: string) => boolean,
  ): boolean => {
    if (catalog !== undefined) return servesToolset(catalog(), toolset, caller, grant);
    const found = config.toolsets?.find(({ name }) => name === toolset);
    if (found === undefined) return false;
    if (caller.grant.toolsets?.includes(toolset) === true) return true;
    const entries = [...found.tools, ...found.prompts, ...found.resources];
    return config.servers.some(
      ({ id }) => runs(id) && entries.some((entry) => matchesWildcard(entry.server, id)) && grant.reaches(id),
    );
  };

  const missing = (kind: TargetKind, why: string, rules: ExplainedRule[]): End => {
    rules.push({ step: 'authorize', level: undefined, rule: undefined, verdict: 'refuses', reason: why });
    return { verdict: 'refused', code: MISSING[kind], reason: why };
  };

  const explainMcp = (
    caller: ExplainedCaller,
    question: Question,
    kind: TargetKind,
    atMs: number,
    rules: ExplainedRule[],
  ): End => {
    const { name: written } = question.target;
    const { endpoint = EVERYWHERE, narrowing = NO_NARROWING } = question;
    const grant = grantOf(caller, narrowing, endpoint);
    const end = explainEndpoint(caller, endpoint, grant, rules);
    if (end !== undefined) return end;
    const view = viewOf(caller, narrowing, endpoint);
    const target =
      catalog === undefined
        ? assumeTarget(config, endpoint, kind, written)
        : findTarget(catalog(), endpoint, kind, written, [view.allows, grant.allows]);
    if (target === undefined) {
      // What is not there may be refused all the same, and that is the better answer.
      const meant = assumeTarget(config, endpoint, kind, written);
      const verdict = meant && grant.decide(kind, meant.serverId, meant.name);
      if (meant !== undefined && verdict !== undefined) {
        rules.push(ofGrant(verdict, `${meant.serverId}/${meant.name}`, caller));
        if (!verdict.allowed) return { verdict: 'refused', code: MISSING[kind], reason: rules.at(-1)?.reason ?? '' };
      }
      const why = meant && whyHidden?.(kind, meant.serverId, meant.name);
      return missing(kind, why ?? `no ${kind} of this name is offered at ${endpointPath(endpoint)}`, rules);
    }
    const verdict = grant.decide(kind, target.serverId, target.name);
    const allowed = ofGrant(verdict, `${target.serverId}/${target.name}`, caller, openedBy(caller, endpoint));
    if (!verdict.allowed) {
      rules.push(allowed);
      return { verdict: 'refused', code: MISSING[kind], reason: allowed.reason };
    }
    if (kind === 'tool') rules.push(...ofAgent(caller, target, hintsOf));
    rules.push(allowed);
    if (policy !== undefined) {
      const ruled = explainPolicy(policy, caller, question, target, atMs, rules);
      if (ruled.verdict === 'refused') return ruled;
      if (target.isFoundBy(view.allows)) return ruled;
    } else if (target.isFoundBy(grant.allows)) return { verdict: 'allowed', code: undefined, reason: allowed.reason };
    return missing(kind, 'what it names cannot be told for this caller', rules);
  };

  return (caller, question) => {
    const rules: ExplainedRule[] = [];
    const atMs = question.atMs ?? now();
    const { kind } = question.target;
    const end =
      explainKey(caller, atMs, rules) ??
      explainScope(caller, kind, rules) ??
      explainPlace(caller, question.from, atMs, rules) ??
      (kind === 'model'
        ? explainModel(caller, { ...question, atMs }, rules)
        : explainMcp(caller, question, kind, atMs, rules));
    return { ...end, rules };
  };
}

/** The toolset that takes the place of `allow`, where the key names it. */
function openedBy({ grant }: ExplainedCaller, endpoint: Endpoint): string | undefined {
  return endpoint.type === 'toolset' && grant.toolsets?.includes(endpoint.toolset) ? endpoint.toolset : undefined;
}

/** Notes in `rules` what each rule says; the one that decides comes last. */
function explainPolicy(
  policy: CompiledPolicy,
  caller: ExplainedCaller,
  { args, endpoint = EVERYWHERE }: Question,
  { kind, serverId, name, definition }: ExplainedTarget,
  atMs: number,
  rules: ExplainedRule[],
): End {
  const exposed = kind === 'resource' ? name : exposedName(serverId, name);
  const known: KnownTarget & { kind: TargetKind } = { kind, serverId, name, exposed, definition };
  const plan = policy.plan(caller.keyName, known);
  const open = plan.type === 'open' ? plan.rules : [];
  const readsArguments = kind !== 'resource' && plan.type === 'open' && plan.readsArguments;
  const isBlind = readsArguments && args === undefined;
  const read = readArguments(readsArguments && !isBlind ? JSON.stringify(args) : undefined, open);
  if ('fault' in read) return { verdict: 'refused', code: 'invalid_params', reason: read.fault };
  const { value, count, longestChars } = read.reading;
  const toolset = endpoint.type === 'toolset' ? endpoint.toolset : '';
  const situation: Situation = {
    values: { args: value, now: new Date(atMs), request: { endpoint: endpointPath(endpoint), toolset } },
    size: { count, longestChars },
  };
  const reports = policy.explain(caller.keyName, known, situation).map((report) => ofPolicy(report, isBlind));
  if (isBlind) {
    rules.push(...reports);
    return {
      verdict: 'unknown',
      code: undefined,
      reason: 'a rule reads the arguments of the call, and none were given',
    };
  }
  const ruling = decidePlan(plan, () => situation);
  const by = ruling.rule === undefined ? 'no rule speaks of it' : `policy: ${ruling.rule}`;
  const reason = [by, ruling.message, ruling.problem].filter((each) => each !== undefined).join('; ');
  const deciding = reports.find(({ rule }) => rule === ruling.rule) ?? {
    ...({ step: 'decide-policy', level: undefined, rule: ruling.rule } as const),
    ...{ verdict: VERDICTS[ruling.action], reason },
  };
  rules.push(...reports.filter((each) => each !== deciding));
  if (ruling.rule !== undefined) rules.push(deciding);
  switch (ruling.action) {
    case 'allow':
      return { verdict: 'allowed', code: undefined, reason };
    case 'ask':
      return { verdict: 'asks', code: 'approval_required', reason };
    case 'deny':
      // What is denied whatever the call holds is hidden: it is answered like what is not there.
      return { verdict: 'refused', code: plan.type === 'settled' ? MISSING[kind] : 'denied_by_policy', reason };
  }
}
