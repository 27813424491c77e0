/** The syntax of regular expressions as in RE2: from a pattern to what it consists of. */

export type Test = (code: number) => boolean;
export type Edge = 'start' | 'end' | 'boundary' | 'inside';

export type RegexNode =
  | { readonly type: 'char'; readonly test: Test }
  | { readonly type: 'edge'; readonly edge: Edge }
  | { readonly type: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly type: 'choice'; readonly parts: readonly RegexNode[] }
  | { readonly type: 'repeat'; readonly body: RegexNode; readonly min: number; readonly max: number };

/** A pattern that cannot be compiled; `at` is an offset in it. */
export class RegexError extends Error {
  override readonly name = 'RegexError';
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const MAX_REPEAT = 1_000;
const MAX_NESTING = 50;

/** ASCII letters, digits and the underscore. */
export const isWord: Test = (c) => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95;
const isDigit: Test = (c) => c >= 48 && c <= 57;
const isSpace: Test = (c) => c === 32 || (c >= 9 && c <= 10) || c === 12 || c === 13;
const not =
  (test: Test): Test =>
  (c) =>
    !test(c);

const CLASSES: { readonly [letter: string]: Test } = {
  d: isDigit,
  D: not(isDigit),
  w: isWord,
  W: not(isWord),
  s: isSpace,
  S: not(isSpace),
};
const EDGES: { readonly [letter: string]: Edge } = { b: 'boundary', B: 'inside', A: 'start', z: 'end' };
const CONTROLS: { readonly [letter: string]: number } = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7 };

interface Flags {
  readonly i: boolean;
  readonly s: boolean;
}

/** Both cases of a character, as far as each is one character. */
function ignoringCase(test: Test): Test {
  return (c) => {
    const text = String.fromCodePoint(c);
    return test(c) || test(text.toLowerCase().codePointAt(0) ?? c) || test(text.toUpperCase().codePointAt(0) ?? c);
  };
}

const COUNTS = /^\{(\d+)(?:(,)(\d+)?)?\}/;
/** Longer ones are over any limit, however they begin: what is cut off here is refused by its first count. */
const MAX_COUNTS_CHARS = 64;

/** Throws RegexError for what is no pattern, or none that linear time can decide. */
export function parseRegex(pattern: string): RegexNode {
  const chars = [...pattern];
  let at = 0;
  const fail = (message: string, where = at): never => {
    throw new RegexError(message, chars.slice(0, where).join('').length);
  };
  const codeAt = (i: number): number => (chars[i] ?? '').codePointAt(0) ?? 0;
  const take = (text: string): boolean => {
    if (chars.slice(at, at + text.length).join('') !== text) return false;
    at += text.length;
    return true;
  };

  const hex = (): number => {
    const match = /^(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/.exec(chars.slice(at, at + 8).join(''));
    const code = Number.parseInt(match?.[1] ?? match?.[2] ?? '', 16);
    if (match === null || code > 0x10ffff) return fail('\\x wants two hex digits, or {…}');
    at += match[0].length;
    return code;
  };

  /** After the backslash: one character, or a class of them. */
  const escaped = (): number | Test => {
    const letter = chars[at] ?? fail('ends in a backslash');
    const known = Object.hasOwn(CLASSES, letter) ? CLASSES[letter] : undefined;
    const control = Object.hasOwn(CONTROLS, letter) ? CONTROLS[letter] : undefined;
    if (known === undefined && control === undefined && letter !== 'x' && /[0-9A-Za-z]/.test(letter))
      return fail(`\\${letter} is not supported`);
    at++;
    if (letter === 'x') return hex();
    return known ?? control ?? codeAt(at - 1);
  };

  const bracket = (flags: Flags): RegexNode => {
    const start = at - 1;
    const negated = take('^');
    const tests: Test[] = [];
    for (let first = true; first || chars[at] !== ']'; first = false) {
      if (at >= chars.length) return fail('[ is never closed', start);
      if (chars[at] === '[' && chars[at + 1] === ':') return fail('[:…:] is not supported');
      const low = take('\\') ? escaped() : codeAt(at++);
      if (typeof low !== 'number') {
        tests.push(low);
        continue;
      }
      let high = low;
      if (chars[at] === '-' && chars[at + 1] !== ']' && at + 1 < chars.length) {
        at++;
        const end = take('\\') ? escaped() : codeAt(at++);
        if (typeof end !== 'number' || end < low) return fail('the range is the wrong way round', at - 1);
        high = end;
      }
      tests.push((c) => c >= low && c <= high);
    }
    at++;
    const some: Test = (c) => tests.some((test) => test(c));
    const whole = flags.i ? ignoringCase(some) : some;
    return { type: 'char', test: negated ? not(whole) : whole };
  };

  const readFlags = (flags: Flags): Flags => {
    const match = /^([is]*)(?:-([is]+))?(?=[:)])/.exec(chars.slice(at, at + 8).join(''));
    if (match === null) return fail('this kind of group is not supported (no look-around, no back-references)');
    at += match[0].length;
    const has = (flag: 'i' | 's') => (flags[flag] || (match[1] ?? '').includes(flag)) && !match[2]?.includes(flag);
    return { i: has('i'), s: has('s') };
  };

  const group = (flags: Flags, depth: number): RegexNode | Flags => {
    const start = at - 1;
    let inner = flags;
    if (take('?')) {
      const name = /^P?<\w+>/.exec(chars.slice(at, at + 64).join(''));
      if (name !== null) at += name[0].length;
      else {
        inner = readFlags(flags);
        if (take(')')) return inner;
        at++;
      }
    }
    const node = choice(inner, depth + 1);
    if (!take(')')) return fail('( is never closed', start);
    return node;
  };

  const atom = (flags: Flags, depth: number): RegexNode | Flags => {
    const char = chars[at++] ?? '';
    switch (char) {
      case '(':
        return group(flags, depth);
      case '[':
        return bracket(flags);
      case '.':
        return { type: 'char', test: flags.s ? () => true : (c) => c !== 10 };
      case '^':
        return { type: 'edge', edge: 'start' };
      case '$':
        return { type: 'edge', edge: 'end' };
      case '*':
      case '+':
      case '?':
        return fail(`nothing stands before ${char}`, at - 1);
      case '\\': {
        const edge = Object.hasOwn(EDGES, chars[at] ?? '') ? EDGES[chars[at] ?? ''] : undefined;
        if (edge !== undefined) {
          at++;
          return { type: 'edge', edge };
        }
        const found = escaped();
        const test: Test = typeof found === 'number' ? (c) => c === found : found;
        return { type: 'char', test: flags.i ? ignoringCase(test) : test };
      }
      default: {
        at--;
        if (counted() !== null) return fail('nothing stands before the counts');
        const code = codeAt(at++);
        const test: Test = (c) => c === code;
        return { type: 'char', test: flags.i ? ignoringCase(test) : test };
      }
    }
  };

  /** What counts: anything else in braces stands for itself. */
  const counted = (): RegExpExecArray | null => COUNTS.exec(chars.slice(at, at + MAX_COUNTS_CHARS).join(''));

  const quantified = (body: RegexNode): RegexNode => {
    const counts = counted();
    let range: readonly [number, number] | undefined;
    if (counts !== null) {
      const min = Number(counts[1]);
      range = [min, counts[2] === undefined ? min : counts[3] === undefined ? Infinity : Number(counts[3])];
      if (range[0] > MAX_REPEAT || (range[1] !== Infinity && range[1] > MAX_REPEAT) || range[1] < range[0])
        return fail(`the counts must be in order and at most ${MAX_REPEAT}`);
      at += counts[0].length;
    } else if (take('*')) range = [0, Infinity];
    else if (take('+')) range = [1, Infinity];
    else if (take('?')) range = [0, 1];
    if (range === undefined) return body;
    // Lazy or not is one here: only whether there is a match is asked.
    take('?');
    if (/[*+?]/.test(chars[at] ?? '') || counted() !== null) return fail('repeats a repetition');
    return { type: 'repeat', body, min: range[0], max: range[1] };
  };

  function choice(outer: Flags, depth: number): RegexNode {
    if (depth > MAX_NESTING) return fail('groups are nested too deeply');
    let flags = outer;
    const parts: RegexNode[] = [];
    let sequence: RegexNode[] = [];
    while (at < chars.length && chars[at] !== ')') {
      if (take('|')) {
        parts.push({ type: 'sequence', parts: sequence });
        sequence = [];
        continue;
      }
      const found = atom(flags, depth);
      if ('type' in found) sequence.push(quantified(found));
      else flags = found;
    }
    parts.push({ type: 'sequence', parts: sequence });
    return { type: 'choice', parts };
  }

  const node = choice({ i: false, s: false }, 0);
  if (at < chars.length) fail(') closes nothing');
  return node;
}
