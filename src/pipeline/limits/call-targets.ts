/** What a call is about, in the words of limits: before it is made, and once it is known who answered. */

import type { Call } from '../../contracts/call.ts';
import type { LimitLine } from '../../contracts/limits.ts';
import type { ModelTarget } from '../../contracts/models-config.ts';
import { type CallClass, type CallTarget, type Selection, speaksOf } from '../../domain/limits/lines-of.ts';

export function classOf(call: Call): Exclude<CallClass, 'money'> {
  if (call.surface === 'models') return 'model';
  return call.kind === 'tools.call' ? 'tool' : 'other';
}

/** Of a model all that may be asked: who answers is not known yet. */
export function targetsOf(call: Call): readonly CallTarget[] {
  const { serverId, target, plan } = call.facts;
  if (call.surface === 'models') return plan?.stages.flatMap((stage) => stage.map(modelTarget)) ?? [];
  return serverId === undefined || target === undefined ? [] : [{ kind: kindOf(call), server: serverId, name: target }];
}

/** Whether a line counts this call, now that it is over: of a model, whether it speaks of who answered. */
export function countsFor({ on }: LimitLine, call: Call): boolean {
  const { provider, model } = call.facts.model ?? {};
  if (on === undefined || provider === undefined || model === undefined) return true;
  return speaksOf(on, modelTarget({ provider, model }));
}

/** What a call used really of each line, in their order. */
export function usedOf(call: Call, { lines, ones, hasTokens, hasTargets }: Selection): readonly number[] {
  const mayDiffer = hasTargets && call.surface === 'models';
  if (!hasTokens && !mayDiffer) return ones;
  const usage = call.facts.model?.usage;
  const tokens = usage === undefined ? 0 : usage.inputTokens + usage.outputTokens;
  return lines.map((line) => {
    if (line.what === 'tokens') return countsFor(line, call) ? tokens : 0;
    return !mayDiffer || countsFor(line, call) || wasAsked(line, call) ? 1 : 0;
  });
}

/** A request counts also where it was answered by somebody else in the end. */
function wasAsked({ on }: LimitLine, call: Call): boolean {
  return call.facts.model?.attempts.some((attempt) => speaksOf(on, modelTarget(attempt))) === true;
}

function modelTarget({ provider, model }: Pick<ModelTarget, 'provider' | 'model'>): CallTarget {
  return { kind: 'model', server: provider, name: model };
}

function kindOf({ kind, params }: Call): CallTarget['kind'] {
  switch (kind) {
    case 'tools.call':
      return 'tool';
    case 'prompts.get':
      return 'prompt';
    case 'completion.complete':
      return (params.value.ref as { type?: unknown } | undefined)?.type === 'ref/prompt' ? 'prompt' : 'resource';
    default:
      return 'resource';
  }
}
