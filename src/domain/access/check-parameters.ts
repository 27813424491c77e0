/** What a request to a model asks for, within the bounds of its caller's grant and of every level above. */

import type { Caller, ParameterCaps } from '../../contracts/caller.ts';
import type { LevelRef } from '../../contracts/limits.ts';

/** Undefined: the request does not say. */
export interface AskedParameters {
  readonly maxOutputTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly choices?: number | undefined;
  readonly reasoningTokens?: number | undefined;
}

export interface ParameterRefusal {
  readonly level: LevelRef;
  /** The bound, by its name in a grant. */
  readonly rule: keyof ParameterCaps;
  readonly max: number;
  /** Undefined: it names no bound of its own, and has to. */
  readonly asked: number | undefined;
}

/** Whether any bound of the caller speaks of parameters. */
export function boundsParameters({ grant, levels }: Caller): boolean {
  return grant.parameters !== undefined || levels?.some((level) => level.grant?.parameters !== undefined) === true;
}

/** The first bound that is not kept, nearest level first. Undefined: all are. */
export function checkParameters(caller: Caller, asked: AskedParameters): ParameterRefusal | undefined {
  const own: LevelRef = { type: 'key', id: caller.keyId, name: caller.keyName };
  const first = refuse(own, caller.grant.parameters, asked);
  if (first !== undefined) return first;
  for (const level of caller.levels ?? []) {
    const refusal = refuse(level, level.grant?.parameters, asked);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** For whoever made the request, and for explaining. */
export function describeRefusal({ level, rule, max, asked }: ParameterRefusal): string {
  const whose = `${rule} of ${level.type} ${JSON.stringify(level.name)}`;
  return asked === undefined
    ? `the request has to name a bound on its output of at most ${max} tokens (${whose})`
    : `${asked} is more than ${max} (${whose})`;
}

function refuse(
  { type, id, name }: LevelRef,
  caps: ParameterCaps | undefined,
  asked: AskedParameters,
): ParameterRefusal | undefined {
  if (caps === undefined) return undefined;
  const level = { type, id, name };
  const { maxOutputTokens, maxTemperature, maxChoices, maxReasoningTokens } = caps;
  // Whoever names none may get as many as the model makes.
  if (maxOutputTokens !== undefined && (asked.maxOutputTokens ?? Number.POSITIVE_INFINITY) > maxOutputTokens)
    return { level, rule: 'maxOutputTokens', max: maxOutputTokens, asked: asked.maxOutputTokens };
  const rows = [
    ['maxTemperature', maxTemperature, asked.temperature],
    ['maxChoices', maxChoices, asked.choices],
    ['maxReasoningTokens', maxReasoningTokens, asked.reasoningTokens],
  ] as const;
  for (const [rule, max, value] of rows)
    if (max !== undefined && value !== undefined && value > max) return { level, rule, max, asked: value };
  return undefined;
}
