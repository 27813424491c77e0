/** Which lines count a call: those of its key and of every level above, as far as they speak of what is called. */

import type { Caller, Level } from '../../contracts/caller.ts';
import type { LimitLine, LimitQueue, LimitUse } from '../../contracts/limits.ts';
import { type AccessKind, grants, parsePattern } from '../access/compile-grant.ts';
import { compileLines } from './compile-lines.ts';

/** What is called. A call of a model may have several: it counts for the lines of all it may go to. */
export interface CallTarget {
  readonly kind: AccessKind;
  /** Or provider. */
  readonly server: string;
  /** Or model. */
  readonly name: string;
}

/** `tool`: calls of tools; `model`: what takes tokens; `other`: prompts, resources, completions. `money`: budgets. */
export type CallClass = 'tool' | 'model' | 'other' | 'money';

/** The lines that count a call; one and the same object for equal ones. */
export interface Selection {
  readonly lines: readonly LimitLine[];
  /** One of each: what most calls ask. */
  readonly once: readonly LimitUse[];
  readonly ones: readonly number[];
  readonly hasTokens: boolean;
  /** The outermost of them that calls may wait for. Undefined: none. */
  readonly queued: QueuedLine | undefined;
  /** Whether any of them speaks of some targets only. */
  readonly hasTargets: boolean;
}

export type QueuedLine = LimitLine & { readonly queue: LimitQueue };

/** The lines of a caller. */
export interface CallerLines {
  readonly lines: readonly LimitLine[];
  /** `targetsOf` is asked only where some line speaks of some targets. */
  select(type: CallClass, targetsOf: () => readonly CallTarget[]): Selection;
}

/** Undefined: nothing bounds the caller. The same object as long as the caller is the same. */
export type LinesOf = (caller: Caller) => CallerLines | undefined;

/** Targets told apart for each caller; further ones are worked out again. */
const MAX_SELECTIONS = 256;

const COUNTED: { readonly [type in CallClass]: ReadonlySet<LimitLine['what']> } = {
  tool: new Set(['concurrent', 'requests', 'toolCalls']),
  model: new Set(['concurrent', 'requests', 'tokens']),
  other: new Set(['concurrent', 'requests']),
  money: new Set(['money']),
};

/** Remembers by identity: an unchanged caller is the same object. */
export function createLinesOf(): LinesOf {
  const known = new WeakMap<Caller, CallerLines | 'none'>();
  const ofLevel = new WeakMap<Level, readonly LimitLine[]>();
  const linesOfLevel = (level: Level): readonly LimitLine[] => {
    let lines = ofLevel.get(level);
    if (lines === undefined) {
      lines = level.limits === undefined ? [] : compileLines(level, level.limits);
      ofLevel.set(level, lines);
    }
    return lines;
  };
  return (caller) => {
    if (caller.limits === undefined && caller.levels === undefined) return undefined;
    let lines = known.get(caller);
    if (lines === undefined) {
      const { keyId: id, keyName: name, limits, levels = [] } = caller;
      const own = limits === undefined ? [] : compileLines({ type: 'key', id, name }, limits);
      const all = [...own, ...levels.flatMap(linesOfLevel)];
      lines = all.length === 0 ? 'none' : createCallerLines(all);
      known.set(caller, lines);
    }
    return lines === 'none' ? undefined : lines;
  };
}

function createCallerLines(lines: readonly LimitLine[]): CallerLines {
  const byClass = {
    tool: createSelect(lines.filter(({ what }) => COUNTED.tool.has(what))),
    model: createSelect(lines.filter(({ what }) => COUNTED.model.has(what))),
    other: createSelect(lines.filter(({ what }) => COUNTED.other.has(what))),
    money: createSelect(lines.filter(({ what }) => COUNTED.money.has(what))),
  };
  return { lines, select: (type, targetsOf) => byClass[type](targetsOf) };
}

function createSelect(lines: readonly LimitLine[]): (targetsOf: () => readonly CallTarget[]) => Selection {
  const all = createSelection(lines);
  if (!all.hasTargets) return () => all;
  const selections = new Map<string, Selection>();
  return (targetsOf) => {
    const targets = targetsOf();
    let key = '';
    for (const { kind, server, name } of targets) key += `${kind}:${server}/${name}\n`;
    let selection = selections.get(key);
    if (selection === undefined) {
      selection = createSelection(lines.filter(({ on }) => targets.some((target) => speaksOf(on, target))));
      if (selections.size >= MAX_SELECTIONS) selections.clear();
      selections.set(key, selection);
    }
    return selection;
  };
}

function createSelection(lines: readonly LimitLine[]): Selection {
  return {
    lines,
    once: lines.map((line) => ({ line, amount: 1 })),
    ones: lines.map(() => 1),
    queued: lines.findLast((line): line is QueuedLine => line.queue !== undefined),
    hasTokens: lines.some(({ what }) => what === 'tokens'),
    hasTargets: lines.some(({ on }) => on !== undefined),
  };
}

/** Whether patterns as in a grant speak of this target; without patterns they speak of all. */
export function speaksOf(on: readonly string[] | undefined, { kind, server, name }: CallTarget): boolean {
  return on === undefined || on.some((pattern) => grants(parsePattern(pattern), kind, server, name));
}
