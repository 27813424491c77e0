/** Modules of Python's library that the engine lacks, as far as scripts use them: plain functions over JSON, answered by the host. */

/** What a function may use besides its arguments. */
export interface ModuleAmbient {
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** 0 to 1, exclusive. */
  readonly random: () => number;
}

/** Raised in the script. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';
  readonly exception: string;
  constructor(exception: string, message: string) {
    super(message);
    this.exception = exception;
  }
}

type Named = { readonly [name: string]: unknown };
type ModuleFunction = (args: readonly unknown[], named: Named, ambient: ModuleAmbient) => unknown;
type Module = { readonly [name: string]: ModuleFunction };

const MAX_ITEMS = 1_000_000;

const numbersOf = (value: unknown): number[] => {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'number'))
    throw new ModuleError('TypeError', 'a list of numbers is needed');
  return value;
};
const listOf = (value: unknown): readonly unknown[] => {
  const list = typeof value === 'string' ? [...value] : value;
  if (!Array.isArray(list)) throw new ModuleError('TypeError', 'a list is needed');
  if (list.length > MAX_ITEMS) throw new ModuleError('ValueError', 'the list is too long');
  return list;
};
const numberOf = (value: unknown, fallback?: number): number => {
  if (typeof value === 'number') return value;
  if (value === undefined && fallback !== undefined) return fallback;
  throw new ModuleError('TypeError', 'a number is needed');
};
const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  throw new ModuleError('TypeError', 'a text is needed');
};
const filled = (values: readonly number[], least: number, what: string): readonly number[] => {
  if (values.length < least)
    throw new ModuleError('ValueError', `${what} needs at least ${least} number${least > 1 ? 's' : ''}`);
  return values;
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const spread = (values: readonly number[], by: number): number => {
  const middle = mean(values);
  return sum(values.map((value) => (value - middle) ** 2)) / by;
};
const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

function median(values: readonly number[]): number {
  const order = sorted(values);
  const half = Math.floor(order.length / 2);
  return order.length % 2 === 1 ? (order[half] ?? 0) : ((order[half - 1] ?? 0) + (order[half] ?? 0)) / 2;
}

function mode(values: readonly unknown[]): unknown {
  const counts = new Map<unknown, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size === 0) throw new ModuleError('ValueError', 'mode needs at least one value');
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

const statistics: Module = {
  mean: ([data]) => mean(filled(numbersOf(data), 1, 'mean')),
  fmean: ([data]) => mean(filled(numbersOf(data), 1, 'fmean')),
  median: ([data]) => median(filled(numbersOf(data), 1, 'median')),
  mode: ([data]) => mode(listOf(data)),
  stdev: ([data]) => Math.sqrt(spread(filled(numbersOf(data), 2, 'stdev'), numbersOf(data).length - 1)),
  pstdev: ([data]) => Math.sqrt(spread(filled(numbersOf(data), 1, 'pstdev'), numbersOf(data).length)),
  variance: ([data]) => spread(filled(numbersOf(data), 2, 'variance'), numbersOf(data).length - 1),
  pvariance: ([data]) => spread(filled(numbersOf(data), 1, 'pvariance'), numbersOf(data).length),
};

const whole = (from: number, to: number, random: () => number): number => from + Math.floor(random() * (to - from + 1));

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = whole(0, i, random);
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

const random: Module = {
  random: (_, __, ambient) => ambient.random(),
  uniform: ([a, b], _, ambient) => numberOf(a) + ambient.random() * (numberOf(b) - numberOf(a)),
  randint: ([a, b], _, ambient) => whole(numberOf(a), numberOf(b), ambient.random),
  randrange: ([a, b], _, ambient) =>
    b === undefined ? whole(0, numberOf(a) - 1, ambient.random) : whole(numberOf(a), numberOf(b) - 1, ambient.random),
  choice: ([items], _, ambient) => {
    const list = listOf(items);
    if (list.length === 0) throw new ModuleError('IndexError', 'Cannot choose from an empty sequence');
    return list[whole(0, list.length - 1, ambient.random)];
  },
  choices: ([items], { k }, ambient) => {
    const list = listOf(items);
    const count = Math.min(numberOf(k, 1), MAX_ITEMS);
    return Array.from({ length: count }, () => list[whole(0, list.length - 1, ambient.random)]);
  },
  sample: ([items, k], named, ambient) => {
    const list = listOf(items);
    const count = numberOf(k ?? named.k);
    if (count > list.length) throw new ModuleError('ValueError', 'Sample larger than population or is negative');
    return shuffled(list, ambient.random).slice(0, count);
  },
  seed: () => null,
};

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/** In UTC. */
function strftime(format: string, at: Date): string {
  const day = DAYS[at.getUTCDay()] ?? '';
  const month = MONTHS[at.getUTCMonth()] ?? '';
  const parts: { readonly [letter: string]: string } = {
    ...{
      Y: pad(at.getUTCFullYear(), 4),
      m: pad(at.getUTCMonth() + 1),
      d: pad(at.getUTCDate()),
      y: pad(at.getUTCFullYear() % 100),
    },
    ...{ H: pad(at.getUTCHours()), M: pad(at.getUTCMinutes()), S: pad(at.getUTCSeconds()), A: day, a: day.slice(0, 3) },
    ...{ B: month, b: month.slice(0, 3), Z: 'UTC', z: '+0000', '%': '%' },
  };
  return format.replace(/%(.)/g, (all, letter: string) => parts[letter] ?? all);
}

const time: Module = {
  time: (_, __, { now }) => now() / 1_000,
  time_ns: (_, __, { now }) => Math.trunc(now()) * 1_000_000,
  monotonic: (_, __, { now }) => now() / 1_000,
  perf_counter: (_, __, { now }) => now() / 1_000,
  // Nothing here gets better by waiting without letting others work.
  sleep: () => null,
  strftime: ([format], _, { now }) => strftime(textOf(format), new Date(now())),
};

const hex = (digits: number, ambient: ModuleAmbient): string =>
  Array.from({ length: digits }, () => Math.floor(ambient.random() * 16).toString(16)).join('');

const uuid: Module = {
  uuid4: (_, __, ambient) => {
    const variant = '89ab'[Math.floor(ambient.random() * 4)] ?? '8';
    return `${hex(8, ambient)}-${hex(4, ambient)}-4${hex(3, ambient)}-${variant}${hex(3, ambient)}-${hex(12, ambient)}`;
  },
};

const quoted = (text: string, safe: string): string =>
  [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9_.\-~]/.test(char) || (byte < 128 && safe.includes(char))
        ? char
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
const unquoted = (text: string): string => {
  const bytes: number[] = [];
  for (const part of text.match(/%[0-9A-Fa-f]{2}|[^%]+|%/g) ?? [])
    if (/^%[0-9A-Fa-f]{2}$/.test(part)) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push(...Buffer.from(part));
  return Buffer.from(bytes).toString();
};
const pairsOf = (value: unknown): (readonly [string, unknown])[] =>
  Array.isArray(value)
    ? value.map((pair) => [String(listOf(pair)[0]), listOf(pair)[1]] as const)
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : [];

const urlParse: Module = {
  quote: ([text], { safe }) => quoted(String(text), typeof safe === 'string' ? safe : '/'),
  quote_plus: ([text]) => quoted(String(text), ' ').replaceAll(' ', '+'),
  unquote: ([text]) => unquoted(textOf(text)),
  unquote_plus: ([text]) => unquoted(textOf(text).replaceAll('+', ' ')),
  urlencode: ([query], { doseq }) =>
    pairsOf(query)
      .flatMap(([key, value]) =>
        doseq === true && Array.isArray(value) ? value.map((each) => [key, each] as const) : [[key, value] as const],
      )
      .map(([key, value]) => [key, String(value)].map((part) => quoted(part, ' ').replaceAll(' ', '+')).join('='))
      .join('&'),
  urljoin: ([base, path]) => new URL(textOf(path), textOf(base)).href,
  parse_qs: ([query]) => {
    const all: { [name: string]: string[] } = {};
    for (const [key, value] of new URLSearchParams(textOf(query))) all[key] = [...(all[key] ?? []), value];
    return all;
  },
  parse_qsl: ([query]) => [...new URLSearchParams(textOf(query))],
};

/** By the name a script's line imports. */
export const MODULES: ReadonlyMap<string, Module> = new Map([
  ['time', time],
  ['random', random],
  ['statistics', statistics],
  ['uuid', uuid],
  ['urllib.parse', urlParse],
]);

/** `urllib_parse` is `urllib.parse`. Undefined: there is no such function. Throws ModuleError. */
export function callModule(
  module: string,
  name: string,
  args: readonly unknown[],
  named: Named,
  ambient: ModuleAmbient,
): { readonly value: unknown } | undefined {
  const found = MODULES.get(module) ?? MODULES.get(module.replace('_', '.'));
  const run = found !== undefined && Object.hasOwn(found, name) ? found[name] : undefined;
  return run && { value: run(args, named, ambient) ?? null };
}
