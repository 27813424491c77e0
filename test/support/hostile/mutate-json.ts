/** Bodies with one thing wrong: members gone, of another type, huge, or with the names that JavaScript gives a meaning. */

export type Path = readonly (string | number)[];

/** More than the stack of a reader that calls itself for each. */
const DEPTH = 8_000;

/** Stand for what JSON.stringify cannot write. */
const MARKS = {
  huge: ['\u0001huge', '1e999'],
  surrogate: ['\u0001surrogate', '"\\ud800\\u0000"'],
  proto: ['\u0001proto', '{"__proto__":{"type":"text","role":"user","stream":true},"constructor":{"prototype":1}}'],
  deep: ['\u0001deep', `${'{"zz":['.repeat(DEPTH)}${']}'.repeat(DEPTH)}`],
} as const;

/** Written as objects and lists in each other, thousands deep. */
export const DEEP = MARKS.deep[0];

/** Undefined: the member is left out. */
export const REPLACEMENTS: { readonly [what: string]: unknown } = {
  ...{ nothing: undefined, null: null, number: 5, negative: -1, fraction: 0.5, text: 'zz', empty: '', true: true },
  ...{ false: false, list: [], 'list of null': [null], 'list of lists': [[]], 'list of objects': [{}], object: {} },
  ...{ huge: MARKS.huge[0], surrogate: MARKS.surrogate[0], proto: MARKS.proto[0] },
};

const TYPES: { readonly [type: string]: unknown } = {
  ...{ string: 'zz', number: 5, boolean: true, list: [null], object: { zz: 1 } },
};

/** Values of every type of JSON but these. */
export function wrongFor(types: readonly string[]): readonly unknown[] {
  return Object.entries(TYPES).flatMap(([type, value]) => (types.includes(type) ? [] : [value]));
}

/** Every member and element in a value, outermost first. */
export function pathsIn(value: unknown, at: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => {
    const path = [...at, Array.isArray(value) ? Number(key) : key];
    return [path, ...pathsIn(each, path)];
  });
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((inner, key) => (inner as { [key: string | number]: unknown })[key], value);
}

/** A copy with `replacement` at `path`. */
export function replaceAt<T>(value: T, path: Path, replacement: unknown): T {
  const copy = structuredClone(value);
  const last = path.at(-1) ?? '';
  let inner = copy as { [key: string | number]: unknown };
  for (const key of path.slice(0, -1)) inner = inner[key] as { [key: string | number]: unknown };
  if (replacement !== undefined) inner[last] = replacement;
  else if (Array.isArray(inner)) inner.splice(Number(last), 1);
  else delete inner[last];
  return copy;
}

export function writeJson(value: unknown): string {
  let text = JSON.stringify(value);
  for (const [mark, written] of Object.values(MARKS)) text = text.replaceAll(JSON.stringify(mark), () => written);
  return text;
}
