/** Regular expressions that take linear time whatever the text: patterns as in RE2, all threads run side by side. */

import { type Edge, isWord, parseRegex, RegexError, type RegexNode, type Test } from './parse-regex.ts';

type Instruction =
  | { readonly op: 'char'; readonly test: Test; readonly next: number }
  | { readonly op: 'edge'; readonly edge: Edge; readonly next: number }
  | { readonly op: 'split'; readonly to: readonly number[] }
  | { readonly op: 'match' };

export interface LinearRegex {
  /** Instructions: a test takes at most this many steps per character. */
  readonly size: number;
  /** Whether the pattern occurs anywhere in the text. */
  test(text: string): boolean;
}

const MAX_INSTRUCTIONS = 1_000;
/** Parts looked at while building: what takes no instruction can still be repeated. */
const MAX_PARTS = 20_000;

function buildProgram(
  root: RegexNode,
  pattern: string,
): { readonly program: readonly Instruction[]; readonly start: number } {
  const program: Instruction[] = [];
  let parts = 0;
  const tooLarge = (): RegexError => new RegexError(`is too large; at most ${MAX_INSTRUCTIONS} steps`, pattern.length);
  const push = (instruction: Instruction): number => {
    if (program.length >= MAX_INSTRUCTIONS) throw tooLarge();
    return program.push(instruction) - 1;
  };
  /** From the back: returns where the node begins if `next` follows it. */
  const build = (node: RegexNode, next: number): number => {
    if (++parts > MAX_PARTS) throw tooLarge();
    switch (node.type) {
      case 'char':
        return push({ op: 'char', test: node.test, next });
      case 'edge':
        return push({ op: 'edge', edge: node.edge, next });
      case 'sequence':
        return node.parts.reduceRight((after, part) => build(part, after), next);
      case 'choice':
        if (node.parts.length === 1 && node.parts[0] !== undefined) return build(node.parts[0], next);
        return push({ op: 'split', to: node.parts.map((part) => build(part, next)) });
      case 'repeat': {
        let after = next;
        if (node.max === Infinity) {
          const loop = push({ op: 'split', to: [] });
          program[loop] = { op: 'split', to: [build(node.body, loop), next] };
          after = loop;
        } else
          for (let i = node.min; i < node.max; i++) after = push({ op: 'split', to: [build(node.body, after), next] });
        for (let i = 0; i < node.min; i++) after = build(node.body, after);
        return after;
      }
    }
  };
  const end = push({ op: 'match' });
  return { program, start: build(root, end) };
}

/**
 * Compiles a pattern. Known: classes, groups, alternatives, counted repetition, `^ $ \A \z \b`, `\d \w \s`, `\x`, the
 * flags `i` and `s`. Throws RegexError for everything else, back-references and look-around among it.
 */
export function compileLinearRegex(pattern: string): LinearRegex {
  const { program, start } = buildProgram(parseRegex(pattern), pattern);
  return { size: program.length, test: (text) => runProgram(program, start, text) };
}

function runProgram(program: readonly Instruction[], start: number, text: string): boolean {
  const seen = new Int32Array(program.length).fill(-1);
  let threads: (Instruction & { op: 'char' })[] = [];
  let step = 0;

  for (let at = 0; ; ) {
    const before = at > 0 ? text.charCodeAt(at - 1) : -1;
    const code = at < text.length ? (text.codePointAt(at) ?? -1) : -1;
    const holds = (edge: Edge): boolean => {
      if (edge === 'start') return at === 0;
      if (edge === 'end') return at >= text.length;
      return isWord(before) !== isWord(code) ? edge === 'boundary' : edge === 'inside';
    };
    const next: (Instruction & { op: 'char' })[] = [];
    /** Follows everything that takes no character. */
    const enter = (first: number): boolean => {
      const stack = [first];
      for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
        if (seen[i] === step) continue;
        seen[i] = step;
        const instruction = program[i];
        if (instruction === undefined) continue;
        if (instruction.op === 'match') return true;
        if (instruction.op === 'char') next.push(instruction);
        else if (instruction.op === 'split') stack.push(...instruction.to);
        else if (holds(instruction.edge)) stack.push(instruction.next);
      }
      return false;
    };
    for (const thread of threads) if (enter(thread.next)) return true;
    if (enter(start)) return true;
    if (code === -1) return false;
    threads = next.filter((thread) => thread.test(code));
    at += code > 0xffff ? 2 : 1;
    step++;
  }
}
