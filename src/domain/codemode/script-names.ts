/** Names that scripts can write, of names that servers and tools may have: the same whatever order they come in. */

/** Words of Python and JavaScript that name nothing. */
const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global if import in is ' +
    'lambda nonlocal not or pass raise return try while with yield match case type ' +
    'catch const debugger default delete do enum export extends function instanceof let new null super switch this throw typeof undefined var void'
  ).split(' '),
);

/** Globals of both languages that scripts use, and what the gateway itself puts there. */
const TAKEN = new Set(
  (
    'abs all any bool bytes dict dir divmod enumerate filter float format frozenset getattr hasattr hash hex id input int isinstance iter len list ' +
    'map max min next object oct open ord pow print range repr reversed round set setattr slice sorted str sum tuple type vars zip ' +
    'asyncio json re math datetime time random collections itertools functools base64 sys typing os uuid statistics urllib hashlib textwrap string ' +
    'csv decimal heapq operator copy html pprint tools ' +
    'Array BigInt Boolean console Date Error Function Infinity Iterator JSON Map Math NaN Number Object Promise Proxy RegExp Reflect Set String Symbol ' +
    'WeakMap WeakSet arguments clearTimeout escape eval fetch globalThis isFinite isNaN parseFloat parseInt queueMicrotask structuredClone unescape'
  ).split(' '),
);

const asciiOf = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+(?=.)/, '');

/** An identifier as near as possible to `name`; `taken` says what it may not be. */
function identifier(name: string, taken: (name: string) => boolean): string {
  const plain = asciiOf(name);
  const begun = /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`;
  return KEYWORDS.has(begun) || taken(begun) ? `${begun}_` : begun;
}

/** By the names themselves: each gets one of its own; of several that would get the same, the first in code units has it. */
function distinct(names: readonly string[], taken: (name: string) => boolean): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  const used = new Set<string>();
  // Those that stay as they are come first: nobody else may push them aside.
  const order = [...new Set(names)].sort((a, b) => {
    const keeps = Number(identifier(b, taken) === b) - Number(identifier(a, taken) === a);
    return keeps !== 0 ? keeps : a < b ? -1 : 1;
  });
  for (const name of order) {
    const wanted = identifier(name, taken);
    let free = wanted;
    for (let n = 2; used.has(free); n++) free = `${wanted}_${n}`;
    used.add(free);
    given.set(name, free);
  }
  return given;
}

/** Server id → the name of its namespace. */
export const namespaceNames = (serverIds: readonly string[]): ReadonlyMap<string, string> =>
  distinct(serverIds, (name) => TAKEN.has(name));

/** What JavaScript itself asks an object for: it would be taken for a promise, or for text. */
const ASKED_FOR = new Set(['then', 'toJSON', 'toString', 'valueOf']);

/** Of one server: name of a tool → the name of its method. */
export const methodNames = (names: readonly string[]): ReadonlyMap<string, string> =>
  distinct(names, (name) => ASKED_FOR.has(name));

/** Of one tool: own name → the name a script writes. */
export const memberNames = (names: readonly string[]): ReadonlyMap<string, string> => distinct(names, () => false);
