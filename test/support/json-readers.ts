/** Ways in which other programs read JSON: what of an object with odd members each of them believes. For tests of ambiguity. */

/** A value with every member that stands in its text, in order and as often as it does. */
export type Tree =
  | { readonly type: 'object'; readonly members: readonly (readonly [string, Tree])[] }
  | { readonly type: 'array'; readonly elements: readonly Tree[] }
  | { readonly type: 'scalar'; readonly value: unknown };

/** Reads JSON the slow and plain way, with nothing shared with the code under test. Throws on what is no JSON. */
export function readTree(text: string): Tree {
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(`no JSON at ${at}`);
  };
  const space = (): void => {
    while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++;
  };
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? fail();
    at += found.length;
    return found;
  };
  const string = (): string =>
    JSON.parse(take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y)) as string;
  const value = (): Tree => {
    space();
    const first = text.charAt(at);
    let tree: Tree;
    if (first === '{') {
      at++;
      const members: (readonly [string, Tree])[] = [];
      for (space(); text.charAt(at) !== '}'; space()) {
        if (members.length > 0) take(/,/y);
        space();
        const key = string();
        space();
        take(/:/y);
        members.push([key, value()]);
      }
      at++;
      tree = { type: 'object', members };
    } else if (first === '[') {
      at++;
      const elements: Tree[] = [];
      for (space(); text.charAt(at) !== ']'; space()) {
        if (elements.length > 0) take(/,/y);
        elements.push(value());
      }
      at++;
      tree = { type: 'array', elements };
    } else if (first === '"') tree = { type: 'scalar', value: string() };
    else
      tree = {
        type: 'scalar',
        value: JSON.parse(take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y)),
      };
    space();
    return tree;
  };
  const tree = value();
  return at === text.length ? tree : fail();
}

/** How a program reads objects: which of several members it takes, and which spellings are one name to it. */
export interface Reader {
  readonly name: string;
  readonly takes: 'first' | 'last';
  readonly nameOf: (key: string) => string;
}

const exact = (key: string): string => key;
/** Go's encoding/json and others fold like this where they fill a struct. */
const anyCase = (key: string): string => key.toUpperCase().toLowerCase();
const cString = (key: string): string => key.split('\0', 1)[0] ?? '';

export const READERS: readonly Reader[] = [
  { name: 'takes the last', takes: 'last', nameOf: exact },
  { name: 'takes the first', takes: 'first', nameOf: exact },
  { name: 'takes the last, ignoring case', takes: 'last', nameOf: anyCase },
  { name: 'takes the first, ignoring case', takes: 'first', nameOf: anyCase },
  { name: 'takes the last, ending names at NUL', takes: 'last', nameOf: cString },
  { name: 'takes the first, ending names at NUL', takes: 'first', nameOf: cString },
];

/** The member of that name as this program reads it; undefined: it sees none. */
export function readMember(reader: Reader, tree: Tree | undefined, name: string): Tree | undefined {
  if (tree?.type !== 'object') return undefined;
  const wanted = reader.nameOf(name);
  const found = tree.members.filter(([key]) => reader.nameOf(key) === wanted);
  return (reader.takes === 'first' ? found[0] : found.at(-1))?.[1];
}

/** The whole value as this program reads it, where it takes the spelling of members as it comes (a map, not a struct). */
export function readValue(reader: Reader, tree: Tree | undefined): unknown {
  if (tree === undefined) return undefined;
  if (tree.type === 'scalar') return tree.value;
  if (tree.type === 'array') return tree.elements.map((element) => readValue(reader, element));
  const read = new Map<string, unknown>();
  for (const [key, member] of tree.members)
    if (reader.takes === 'last' || !read.has(key)) read.set(key, readValue(reader, member));
  return read;
}

/** What `readValue` gives where all readers agree with JSON.parse. */
export function asRead(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asRead);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, member]) => [key, asRead(member)]));
}

/** Every object of the tree names each member once. */
export function isUnambiguous(tree: Tree): boolean {
  if (tree.type === 'scalar') return true;
  if (tree.type === 'array') return tree.elements.every(isUnambiguous);
  const keys = new Set(tree.members.map(([key]) => key));
  return keys.size === tree.members.length && tree.members.every(([, member]) => isUnambiguous(member));
}
