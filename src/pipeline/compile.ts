/** Turns a column of the timetable into one function, once, at start-up. */

import type { Call, CallKind, McpOutcome, ModelCall, ModelStep, SharedStep, Step } from '../contracts/call.ts';
import { CALL_KINDS } from '../contracts/call.ts';
import type { ModelOutcome } from '../contracts/models.ts';
import { type LastStepName, type ModelLastStepName, type StepName, stepsOf } from './timetable.ts';

export type LastStep = (call: Call) => McpOutcome | Promise<McpOutcome>;
export type ModelLastStep = (call: ModelCall) => ModelOutcome | Promise<ModelOutcome>;
/** What a kind of call answers is up to its column. */
export type Run = (call: Call) => never | Promise<never>;

/** A step that few calls are for: the others pay a look for it. */
export interface RareStep<S> {
  readonly concerns: (call: Call) => boolean;
  readonly step: S;
}

/** One function per kind of call. A step that this configuration does not need is undefined, and costs nothing. */
export function compileColumns(
  steps: { readonly [name in StepName]: Step | ModelStep | SharedStep | RareStep<Step | ModelStep> | undefined },
  lastSteps: { readonly [name in LastStepName]: LastStep } & { readonly [name in ModelLastStepName]: ModelLastStep },
): { readonly [kind in CallKind]: Run } {
  const compile = (kind: CallKind): Run => {
    const column = stepsOf(kind);
    return column.steps.reduceRight<Run>((inner, name) => {
      // The timetable says which steps meet which calls; their types cannot.
      type Compiled = (call: Call, next: () => unknown) => never;
      const given = steps[name] as Compiled | RareStep<Compiled> | undefined;
      if (given === undefined) return inner;
      if (typeof given === 'function') return (call) => given(call, () => inner(call));
      const { concerns, step } = given;
      return (call) => (concerns(call) ? step(call, () => inner(call)) : inner(call));
    }, lastSteps[column.last] as Run);
  };
  return Object.fromEntries(CALL_KINDS.map((kind) => [kind, compile(kind)])) as { [kind in CallKind]: Run };
}
