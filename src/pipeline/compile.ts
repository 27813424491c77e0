/** Turns a column of the timetable into one function, once, at start-up. */

import type { Call, CallKind, Outcome, Step } from '../contracts/call.ts';
import { CALL_KINDS } from '../contracts/call.ts';
import { type LastStepName, type StepName, stepsOf } from './timetable.ts';

export type LastStep = (call: Call) => Outcome | Promise<Outcome>;
export type Run = (call: Call) => Outcome | Promise<Outcome>;

/** One function per kind of call. A step that this configuration does not need is undefined, and costs nothing. */
export function compileColumns(
  steps: { readonly [name in StepName]: Step | undefined },
  lastSteps: { readonly [name in LastStepName]: LastStep },
): { readonly [kind in CallKind]: Run } {
  const compile = (kind: CallKind): Run => {
    const column = stepsOf(kind);
    return column.steps.reduceRight<Run>((inner, name) => {
      const step = steps[name];
      if (step === undefined) return inner;
      return (call) => step(call, () => inner(call));
    }, lastSteps[column.last]);
  };
  return Object.fromEntries(CALL_KINDS.map((kind) => [kind, compile(kind)])) as { [kind in CallKind]: Run };
}
