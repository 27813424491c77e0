/**
 * Finds out in one pass whether a text is JSON, exactly as JSON.parse would say, and where the members of its outer two
 * levels stand; builds no values. Several times as fast as JSON.parse on text with many small values.
 */

import type { Member } from './json-text.ts';
import { JsonUnits } from './json-units.ts';

export interface ScannedMember extends Member {
  /** Members of the value, if it is an object in an object; offsets in the whole text. */
  readonly inner: readonly ScannedMember[] | undefined;
}

export interface JsonScan {
  readonly kind: 'object' | 'array' | 'other';
  /** In order, also those that stand twice; empty unless it is an object. */
  readonly members: readonly ScannedMember[];
  /** Nested deeper than `MAX_DEPTH`. */
  readonly isTooDeep: boolean;
}

/** Beyond this many readers give up, some by crashing; nobody means it. */
export const MAX_DEPTH = 1_000;

/** The value of the last member of this name, which is the one JSON.parse takes. */
export function findMember(members: readonly ScannedMember[], key: string): ScannedMember | undefined {
  for (let i = members.length - 1; i >= 0; i--) {
    const member = members[i];
    if (member?.key === key) return member;
  }
  return undefined;
}

/** True if a name stands twice. */
export function hasTwins(members: readonly ScannedMember[]): boolean {
  if (members.length > 8) return new Set(members.map(({ key }) => key)).size < members.length;
  for (let i = 1; i < members.length; i++)
    for (let j = 0; j < i; j++) if (members[i]?.key === members[j]?.key) return true;
  return false;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

interface Growing {
  key: string;
  keyStart: number;
  valueStart: number;
  valueEnd: number;
  inner: Growing[] | undefined;
}

/**
 * One scanner for any number of texts, one after the other. The stack of open containers needs no memory of its own: it
 * overwrites characters that were read, of which there are always more.
 */
export class JsonScanner {
  readonly #lexer = new JsonUnits();
  #text = '';
  #outer: Growing[] = [];
  #first = 0;
  #deepest = 0;

  /** Undefined: not JSON. */
  scan(text: string): JsonScan | undefined {
    this.#lexer.load(text);
    this.#text = text;
    this.#outer = [];
    const isJson = this.#run(text.length);
    const members = this.#outer;
    this.#text = '';
    this.#lexer.unload();
    this.#outer = [];
    if (!isJson) return undefined;
    const first = this.#first;
    return {
      kind: first === OPEN_BRACE ? 'object' : first === OPEN_BRACKET ? 'array' : 'other',
      members,
      isTooDeep: this.#deepest > MAX_DEPTH,
    };
  }

  #run(end: number): boolean {
    const lexer = this.#lexer;
    const { units } = lexer;
    let depth = 0;
    let deepest = 0;
    let i = lexer.skipSpace(0);
    this.#first = units[i] as number;
    for (;;) {
      // A value begins.
      const c = units[i] as number;
      if (c === QUOTE) i = lexer.skipString(i);
      else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
        units[depth++] = c;
        if (depth > deepest) deepest = depth;
        i = lexer.skipSpace(i + 1);
        if (units[i] === (c === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET)) {
          if (c === OPEN_BRACE && depth === 2) this.#openInner();
          i++;
          depth--;
        } else if (c === OPEN_BRACKET) continue;
        else {
          if (depth === 2) this.#openInner();
          i = this.#takeKey(i, depth);
          if (i === -1) return false;
          continue;
        }
      } else i = lexer.skipPlain(i, c);
      if (i === -1) return false;
      // A value has ended.
      for (;;) {
        if (depth <= 2 && depth > 0) this.#endValue(i, depth);
        if ((units[i] as number) <= 0x20) i = lexer.skipSpace(i);
        if (depth === 0) {
          this.#deepest = deepest;
          return i === end;
        }
        const next = units[i++] as number;
        if (units[depth - 1] === OPEN_BRACE) {
          if (next === COMMA) {
            i = this.#takeKey(lexer.skipSpace(i), depth);
            if (i === -1) return false;
            break;
          }
          if (next !== CLOSE_BRACE) return false;
        } else {
          if (next === COMMA) {
            i = lexer.skipSpace(i);
            break;
          }
          if (next !== CLOSE_BRACKET) return false;
        }
        depth--;
      }
    }
  }

  /** `at` is where a key must begin; returns where its value begins, or -1. */
  #takeKey(at: number, depth: number): number {
    const lexer = this.#lexer;
    const { units } = lexer;
    if (units[at] !== QUOTE) return -1;
    const isKept = depth <= 2 && this.#isKept(depth);
    const keyEnd = lexer.skipString(at);
    if (keyEnd === -1) return -1;
    let i = lexer.skipSpace(keyEnd);
    if (units[i] !== COLON) return -1;
    i = lexer.skipSpace(i + 1);
    if (isKept) {
      const raw = this.#text.slice(at + 1, keyEnd - 1);
      const key = raw.includes('\\') ? (JSON.parse(this.#text.slice(at, keyEnd)) as string) : raw;
      const member: Growing = { key, keyStart: at, valueStart: i, valueEnd: 0, inner: undefined };
      if (depth === 1) this.#outer.push(member);
      else this.#outer.at(-1)?.inner?.push(member);
    }
    return i;
  }

  #isKept(depth: number): boolean {
    return this.#lexer.units[0] === OPEN_BRACE && (depth === 1 || this.#lexer.units[1] === OPEN_BRACE);
  }

  #openInner(): void {
    const member = this.#lexer.units[0] === OPEN_BRACE ? this.#outer.at(-1) : undefined;
    if (member !== undefined) member.inner = [];
  }

  #endValue(at: number, depth: number): void {
    if (!this.#isKept(depth)) return;
    const outer = this.#outer.at(-1);
    const member = depth === 1 ? outer : outer?.inner?.at(-1);
    if (member !== undefined) member.valueEnd = at;
  }
}
