/** What a goal is held against, and what comes of it. */

import type { Result } from '../scenarios/scenario.ts';

/** One goal, what was found, and how far apart they are. */
export interface Verdict {
  readonly scenario: string;
  readonly what: string;
  readonly found: string;
  readonly target: string;
  /** 1 is exactly the goal, 2 misses it by a factor of two; undefined where there is no such factor. */
  readonly factor: number | undefined;
  readonly isMet: boolean;
  /** So far off that no noise explains it; what the guard fails on. */
  readonly isGross: boolean;
}

/** A gross miss is by more than this factor. */
export const GROSS = 2;

export type Find = (scenario: string) => Result | undefined;

export interface Goal {
  readonly scenario: string;
  readonly what: string;
  readonly unit: string;
  readonly digits: number;
  /** False: shown only. Noise decides about milliseconds and megabytes, not about ratios. */
  readonly fails: boolean;
}

export function atMost({ scenario, what, unit, digits, fails }: Goal, found: number, target: number): Verdict {
  const factor = found / target;
  return {
    scenario,
    what,
    found: `${found.toFixed(digits)} ${unit}`,
    target: `at most ${target} ${unit}`,
    factor: factor > 0 ? factor : undefined,
    isMet: found <= target,
    isGross: fails && factor > GROSS,
  };
}

export function atLeast({ scenario, what, unit, digits, fails }: Goal, found: number, target: number): Verdict {
  const factor = target / found;
  return {
    scenario,
    what,
    found: `${found.toFixed(digits)} ${unit}`,
    target: `at least ${target} ${unit}`,
    factor,
    isMet: found >= target,
    isGross: fails && factor > GROSS,
  };
}
