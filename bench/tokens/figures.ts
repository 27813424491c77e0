/** What was counted, as figures of a mode at a size: averages over the tasks, with stated prices and a stated model of time. */

import type { Measured, TaskRun } from './measure.ts';
import type { Mode } from './play.ts';

/** Micro-dollars a token: 3 dollars a million read, a tenth of it for what was read before, 15 dollars a million written. */
export const PRICES = { input: 3, cached: 0.3, output: 15 } as const;
/** Milliseconds. A model reads ten times as fast what it has read before. */
export const TIMES = {
  perRound: 600,
  perToolLevel: 350,
  perOutput: 1_000 / 80,
  perInput: 0.1,
  perCached: 0.01,
} as const;

export interface Figures {
  readonly size: number;
  readonly mode: Mode;
  /** Tokens of input a task, all rounds together. */
  readonly input: number;
  /** Of definitions in each round. */
  readonly definitions: number;
  readonly output: number;
  readonly rounds: number;
  /** Dollars for a thousand tasks. */
  readonly cost: number;
  readonly costWithCache: number;
  /** Seconds a task. */
  readonly seconds: number;
  readonly secondsWithCache: number;
}

export function figuresOf({ size, mode, runs }: Measured): Figures {
  const average = (of: (run: TaskRun) => number): number => runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  const total =
    (of: (round: TaskRun['rounds'][number]) => number) =>
    ({ rounds }: TaskRun): number =>
      rounds.reduce((sum, round) => sum + of(round), 0);
  const input = average(total((round) => round.toolTokens + round.messageTokens));
  const cached = average(total((round) => round.cachedTokens));
  const output = average(total((round) => round.outputTokens));
  const rounds = average((run) => run.rounds.length);
  const levels = average((run) => run.toolLevels);
  const waited = rounds * TIMES.perRound + levels * TIMES.perToolLevel + output * TIMES.perOutput;
  const first = runs[0]?.rounds[0];
  return {
    ...{ size, mode, input, output, rounds, definitions: first?.toolTokens ?? 0 },
    cost: (input * PRICES.input + output * PRICES.output) / 1_000,
    costWithCache: ((input - cached) * PRICES.input + cached * PRICES.cached + output * PRICES.output) / 1_000,
    seconds: (waited + input * TIMES.perInput) / 1_000,
    secondsWithCache: (waited + (input - cached) * TIMES.perInput + cached * TIMES.perCached) / 1_000,
  };
}

/** How much less, in percent. */
export const less = (by: number, than: number): number => 100 * (1 - by / than);

export interface Gate {
  readonly name: string;
  readonly value: number;
  readonly bound: number;
  readonly holds: boolean;
}

/** Least reductions in percent at 96, 251 and 508 tools. */
const LEAST: readonly (readonly [mode: Mode, than: Mode, bounds: readonly number[]])[] = [
  ['code', 'classic-seq', [97, 99, 99]],
  ['code-bad', 'classic-seq', [90, 96, 98]],
  ['code-bad', 'classic-par', [85, 95, 97]],
];
const MAX_GROWTH_PERCENT = 25;
const MAX_DEFINITION_TOKENS = 400;
const GATED_SIZES = [96, 251, 508];

/** Those for which there are figures. */
export function gatesOf(figures: readonly Figures[]): readonly Gate[] {
  const find = (size: number, mode: Mode): Figures | undefined =>
    figures.find((each) => each.size === size && each.mode === mode);
  const gates: Gate[] = [];
  for (const [mode, than, bounds] of LEAST)
    for (const [i, size] of GATED_SIZES.entries()) {
      const [ours, theirs, bound] = [find(size, mode), find(size, than), bounds[i]];
      if (ours === undefined || theirs === undefined || bound === undefined) continue;
      const value = less(ours.input, theirs.input);
      gates.push({ name: `${mode} against ${than} at ${size} tools, % less`, value, bound, holds: value >= bound });
    }
  const [few, many] = [find(96, 'code'), find(2_054, 'code')];
  if (few !== undefined && many !== undefined) {
    const value = 100 * (many.input / few.input - 1);
    const name = 'growth of code from 96 to 2,054 tools, %';
    gates.push({ name, value, bound: MAX_GROWTH_PERCENT, holds: value < MAX_GROWTH_PERCENT });
  }
  for (const { size, mode, definitions } of figures)
    if (mode === 'code' || mode === 'search') {
      const name = `definitions of ${mode} with the index of servers at ${size} tools, tokens`;
      const holds = definitions <= MAX_DEFINITION_TOKENS;
      gates.push({ name, value: definitions, bound: MAX_DEFINITION_TOKENS, holds });
    }
  return gates;
}
