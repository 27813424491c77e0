/**
 * Reading and changing JSON as text, so that everything that need not change keeps its bytes: number spelling, key
 * order, unknown members. All functions expect text that JSON.parse has accepted; only `measureDepth` and
 * `countMembers` may see anything.
 */

/** One member of an object: decoded key, and where key and value stand in the text. `end` offsets are exclusive. */
export interface Member {
  readonly key: string;
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** An object or array has the same member twice, so two readers could see two values. */
export class DuplicateMemberError extends Error {
  override readonly name = 'DuplicateMemberError';
  readonly key: string;
  constructor(key: string) {
    super(`the member ${JSON.stringify(key)} stands twice`);
    this.key = key;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && text.charCodeAt(i) <= 0x20) i++;
  return i;
}

/** `at` is the opening quote; returns the offset after the closing one. Searching beats looping even for short ones. */
function skipString(text: string, at: number): number {
  let quote = text.indexOf('"', at + 1);
  while (quote !== -1) {
    if (text.charCodeAt(quote - 1) !== BACKSLASH) return quote + 1;
    let slashes = 1;
    while (quote - 1 - slashes > at && text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}

/** `at` is the first character of a value; returns the offset after it. */
function skipValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return skipString(text, at);
  let i = at;
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    while (i < text.length) {
      const c = text.charCodeAt(i);
      if (c === COMMA || c === CLOSE_BRACE || c === CLOSE_BRACKET || c <= 0x20) break;
      i++;
    }
    return i;
  }
  let depth = 0;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = skipString(text, i);
      continue;
    }
    i++;
    if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if ((c === CLOSE_BRACE || c === CLOSE_BRACKET) && --depth === 0) return i;
  }
  return i;
}

/** Up to here comparing with each is quicker than a set, and makes none. */
const FEW_MEMBERS = 8;

/**
 * The members of the object that starts at or after `at`, in order. Duplicates are refused, since the gateway and the
 * server behind it might each believe another one (JSON.parse takes the last, others the first).
 * Returns an empty list if there is no object at `at`.
 */
export function scanMembers(text: string, at = 0): Member[] {
  const start = skipSpace(text, at);
  if (text.charCodeAt(start) !== OPEN_BRACE) return [];
  const found: Member[][] = [];
  scanObject(text, start, 0, NO_PATH, found);
  return found[0] ?? [];
}

/**
 * `scanMembers` of the object `text`, of its member `path[0]`, of that one's member `path[1]` and so on, as far as they are
 * there and objects, in one pass. Offsets of all but the first count from the start of the value of `path[0]`.
 */
export function scanPath(text: string, path: readonly string[]): Member[][] {
  const found: Member[][] = [];
  const start = skipSpace(text, 0);
  if (text.charCodeAt(start) === OPEN_BRACE) scanObject(text, start, 0, path, found);
  return found;
}

const NO_PATH: readonly string[] = Object.freeze([]);

/** `at` is the opening brace; returns the offset after the closing one. */
function scanObject(text: string, at: number, base: number, path: readonly string[], found: Member[][]): number {
  const members: Member[] = [];
  const next = path[found.length];
  const isFirst = found.length === 0;
  found.push(members);
  let seen: Set<string> | undefined;
  let i = skipSpace(text, at + 1);
  while (i < text.length && text.charCodeAt(i) === QUOTE) {
    const keyStart = i;
    const keyEnd = skipString(text, i);
    const raw = text.slice(keyStart + 1, keyEnd - 1);
    const key = raw.includes('\\') ? (JSON.parse(text.slice(keyStart, keyEnd)) as string) : raw;
    if (members.length < FEW_MEMBERS) {
      for (const member of members) if (member.key === key) throw new DuplicateMemberError(key);
    } else {
      seen ??= new Set(members.map((member) => member.key));
      if (seen.has(key)) throw new DuplicateMemberError(key);
      seen.add(key);
    }
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end =
      key === next && text.charCodeAt(start) === OPEN_BRACE
        ? scanObject(text, start, isFirst ? start : base, path, found)
        : skipValue(text, start);
    members.push({ key, keyStart: keyStart - base, valueStart: start - base, valueEnd: end - base });
    i = skipSpace(text, end);
    if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
  }
  return i + 1;
}

/** The text of one member's value, or undefined. */
export function memberText(text: string, key: string): string | undefined {
  for (const member of scanMembers(text)) if (member.key === key) return text.slice(member.valueStart, member.valueEnd);
  return undefined;
}

/** Where the elements of the array that starts at or after `at` stand; empty if there is none. Ends are exclusive. */
export function scanElements(text: string, at = 0): { readonly start: number; readonly end: number }[] {
  const elements: { start: number; end: number }[] = [];
  let i = skipSpace(text, at);
  if (text.charCodeAt(i) !== OPEN_BRACKET) return elements;
  i = skipSpace(text, i + 1);
  while (i < text.length && text.charCodeAt(i) !== CLOSE_BRACKET) {
    const end = skipValue(text, i);
    elements.push({ start: i, end });
    i = skipSpace(text, end);
    if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
  }
  return elements;
}

/** The texts of the elements of the array `text`; empty if it is none. */
export function elementTexts(text: string): string[] {
  return scanElements(text).map(({ start, end }) => text.slice(start, end));
}

/**
 * The object with some members replaced, added (at the end) or, where the new value is undefined, removed. Members that
 * are not named keep their text to the byte.
 */
export function withMembers(text: string, changes: { readonly [key: string]: string | undefined }): string {
  const members = scanMembers(text);
  let out = '';
  for (const { key, keyStart, valueStart, valueEnd } of members) {
    const isNamed = Object.hasOwn(changes, key);
    const change = isNamed ? changes[key] : undefined;
    if (isNamed && change === undefined) continue;
    if (out !== '') out += ',';
    out += change === undefined ? text.slice(keyStart, valueEnd) : text.slice(keyStart, valueStart) + change;
  }
  for (const key of Object.keys(changes)) {
    const change = changes[key];
    if (change === undefined || members.some((member) => member.key === key)) continue;
    out += `${out === '' ? '' : ','}${JSON.stringify(key)}:${change}`;
  }
  return `{${out}}`;
}

/** Deepest nesting of objects and arrays; stops counting one past `limit`. Safe on any text. */
export function measureDepth(text: string, limit: number): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = skipString(text, i) - 1;
    else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      if (++depth > deepest) deepest = depth;
      if (depth > limit) return depth;
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) depth--;
  }
  return deepest;
}

/**
 * How many members the objects in the text have together, each spelling counted; -1 if it is nested deeper than `maxDepth`.
 * Safe on any text. More than `countKeys` of the parsed value means that some object has a member twice.
 */
export function countMembers(text: string, maxDepth: number): number {
  let depth = 0;
  let members = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = skipString(text, i) - 1;
    else if (c === COLON) members++;
    else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      if (++depth > maxDepth) return -1;
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) depth--;
  }
  return members;
}

/** How many members the objects in a parsed value have together. Its depth must be bounded. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element === 'object') keys += countKeys(element);
    return keys;
  }
  const object = value as { readonly [key: string]: unknown };
  for (const key in object) {
    keys++;
    const member = object[key];
    if (typeof member === 'object') keys += countKeys(member);
  }
  return keys;
}

export interface Duplicate {
  /** Of the object that has it, as `messages[1].content`; '' for the outermost. */
  readonly path: string;
  readonly key: string;
}

/** An object (with the keys so far) or array (without) that is being read. */
interface Frame {
  readonly keys: Set<string> | undefined;
  /** Where in it we are. */
  at: string | number;
}

/** The first member that stands twice in its object, however deep. One pass: asked of hostile texts only. */
export function findDuplicate(text: string): Duplicate | undefined {
  const frames: Frame[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const frame = frames.at(-1);
    if (c === OPEN_BRACE) frames.push({ keys: new Set(), at: '' });
    else if (c === OPEN_BRACKET) frames.push({ keys: undefined, at: 0 });
    else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) frames.pop();
    else if (c === COMMA && typeof frame?.at === 'number') frame.at++;
    else if (c === QUOTE) {
      const end = skipString(text, i);
      if (frame?.keys !== undefined && text.charCodeAt(skipSpace(text, end)) === COLON) {
        const key = JSON.parse(text.slice(i, end)) as string;
        if (frame.keys.has(key)) return { path: pathOf(frames.slice(0, -1)), key };
        frame.keys.add(key);
        frame.at = key;
      }
      i = end - 1;
    }
  }
  return undefined;
}

function pathOf(frames: readonly Frame[]): string {
  return frames.reduce((path, { at }) => {
    if (typeof at === 'number') return `${path}[${at}]`;
    return path === '' ? at : `${path}.${at}`;
  }, '');
}

/** JSON on one line, for transports that frame by newline: raw line breaks can only be white space between tokens. */
export function onOneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, ' ') : text;
}
