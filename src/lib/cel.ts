/**
 * Conditions in CEL, checked and bounded: a typed environment, a list of functions, patterns in linear time, and a limit
 * on the work that hostile values can cause. The one place that knows the CEL library.
 */

import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js';
import { closest } from './closest.ts';
import { compileLinearRegex, type LinearRegex } from './linear-regex.ts';
import { RegexError } from './parse-regex.ts';

/** Values of type `int` are given as bigint. */
export type CelType = 'string' | 'bool' | 'int' | 'map' | 'timestamp';
/** What an expression may name: a value, or an object with known fields. */
export interface CelVariables {
  readonly [name: string]: CelType | { readonly [field: string]: CelType };
}

/** How large the values are that came from outside: values in them, and UTF-16 units of the longest text. */
export interface CelSize {
  readonly count: number;
  readonly longestChars: number;
}

/** A condition as checked. Compile once, decide often. */
export interface CelCondition {
  readonly source: string;
  /** Variables it names. */
  readonly uses: ReadonlySet<string>;
  /** Field paths it reads of the variables of type `map`, as far as they are written out: `args.user.name`. */
  readonly reads: readonly { readonly variable: string; readonly path: readonly string[] }[];
  /** Never throws. A problem: the condition has no answer for these values. */
  decide(
    values: { readonly [name: string]: unknown },
    size: CelSize,
  ): { readonly holds: boolean } | { readonly problem: string };
}

export type CelCompiled =
  | { readonly ok: true; readonly condition: CelCondition }
  /** `at`: offset in the source. */
  | { readonly ok: false; readonly at: number; readonly message: string; readonly remedy: string | undefined };

/** UTF-16 units. */
const MAX_SOURCE_CHARS = 4_096;
const LIMITS = { maxAstNodes: 500, maxDepth: 50, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 8 };
const MAX_NESTED_LOOPS = 2;
/** Character comparisons, roughly; a tenth of a second. */
const MAX_WORK = 200_000_000;
/** Steps of patterns, each dearer than comparing a character. */
const MAX_PATTERN_WORK = 20_000_000;

const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);
const FUNCTIONS: ReadonlySet<string> = new Set(
  'has size string int uint double bool type timestamp duration dyn'.split(' '),
);
const METHODS: ReadonlySet<string> = new Set([
  ...LOOPS,
  ...'contains startsWith endsWith matches size indexOf lastIndexOf substring split join'.split(' '),
  ...'lowerAscii upperAscii trim'.split(' '),
  ...'getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear'.split(' '),
  ...'getHours getMinutes getSeconds getMilliseconds'.split(' '),
]);
const LINEAR_MATCHES = 'matchesLinear';

class Fault extends Error {
  readonly at: number;
  readonly remedy: string | undefined;
  constructor(message: string, at: number, remedy?: string) {
    super(message);
    this.at = at;
    this.remedy = remedy;
  }
}

/** What walking over an expression finds out. */
interface Findings {
  readonly uses: Set<string>;
  readonly reads: { variable: string; path: string[] }[];
  nestedLoops: number;
  splits: boolean;
  /** Of all patterns together, since each may come to be tried. */
  patternSize: number;
}

/** Returns a function that compiles expressions over these variables. */
export function createCelCompiler(variables: CelVariables): (source: string) => CelCompiled {
  const patterns = new Map<string, LinearRegex>();
  const environment = createEnvironment(variables, patterns);
  return (source) => {
    try {
      return { ok: true, condition: compile(environment, variables, patterns, source) };
    } catch (error) {
      return { ok: false, ...describeFault(error, variables) };
    }
  };
}

function createEnvironment(variables: CelVariables, patterns: ReadonlyMap<string, LinearRegex>): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits: LIMITS });
  const typeName = (type: CelType): string => (type === 'timestamp' ? 'google.protobuf.Timestamp' : type);
  for (const [name, type] of Object.entries(variables))
    if (typeof type === 'string') environment.registerVariable(name, typeName(type));
    else
      environment.registerVariable({
        name,
        schema: Object.fromEntries(Object.entries(type).map(([field, each]) => [field, typeName(each)])),
      });
  environment.registerFunction(`string.${LINEAR_MATCHES}(string): bool`, (text: string, pattern: string) => {
    const compiled = patterns.get(pattern);
    if (compiled === undefined) throw new Error('the pattern was never compiled');
    return compiled.test(text);
  });
  return environment;
}

function compile(
  environment: Environment,
  variables: CelVariables,
  patterns: Map<string, LinearRegex>,
  source: string,
): CelCondition {
  if (source.trim() === '') throw new Fault('is empty', 0, 'write a condition, or leave "when" out');
  if (source.length > MAX_SOURCE_CHARS) throw new Fault(`is longer than ${MAX_SOURCE_CHARS} characters`, 0);
  const parsed = environment.parse(source);
  const found: Findings = { uses: new Set(), reads: [], nestedLoops: 0, splits: false, patternSize: 0 };
  walk(parsed.ast, 0, { variables, patterns, found });
  const checked = parsed.check();
  if (!checked.valid) throw checked.error ?? new Fault('is not valid', 0);
  if (checked.type !== 'bool' && checked.type !== 'dyn')
    throw new Fault(`gives ${checked.type}, expected bool`, 0, 'compare it with something, e.g. == true');

  return {
    source,
    uses: found.uses,
    reads: found.reads,
    decide(values, size) {
      if (isTooMuch(found, size)) return { problem: 'the arguments are too large for this condition' };
      try {
        const holds: unknown = parsed({ ...values });
        return typeof holds === 'boolean' ? { holds } : { problem: 'the condition gave neither true nor false' };
      } catch (error) {
        return { problem: problemOf(error) };
      }
    },
  };
}

function isTooMuch(found: Findings, size: CelSize): boolean {
  const items = size.count + (found.splits ? size.longestChars : 0);
  const rounds = items ** found.nestedLoops;
  const work = rounds * (size.longestChars + (found.nestedLoops > 0 ? items : 0));
  return work > MAX_WORK || rounds * size.longestChars * found.patternSize > MAX_PATTERN_WORK;
}

interface Walk {
  readonly variables: CelVariables;
  readonly patterns: Map<string, LinearRegex>;
  readonly found: Findings;
}

function walk(node: ASTNode, loops: number, context: Walk): void {
  const { variables, found } = context;
  const into = (inner: ASTNode): void => walk(inner, loops, context);
  switch (node.op) {
    case 'value':
      return;
    case 'id':
      if (Object.hasOwn(variables, node.args)) found.uses.add(node.args);
      return;
    case '.':
    case '.?': {
      const read = pathOf(node);
      if (read !== undefined && variables[read.variable] === 'map') found.reads.push(read);
      return into(node.args[0]);
    }
    case '[]':
    case '[?]': {
      const read = pathOf(node);
      if (read !== undefined && variables[read.variable] === 'map') found.reads.push(read);
      return node.args.forEach(into);
    }
    case 'call': {
      const [name, args] = node.args;
      requireKnown(name, FUNCTIONS, node, 'function');
      return args.forEach(into);
    }
    case 'rcall':
      return walkMethod(node, loops, context);
    case 'map':
      return node.args.flat().forEach(into);
    case '!_':
    case '-_':
      return into(node.args);
    default:
      return node.args.forEach(into);
  }
}

function walkMethod(node: ASTNode & { op: 'rcall' }, loops: number, context: Walk): void {
  const { variables, found, patterns } = context;
  const [name, receiver, args] = node.args;
  requireKnown(name, METHODS, node, 'method');
  walk(receiver, loops, context);
  if (LOOPS.has(name)) {
    const [variable, ...bodies] = args;
    if (variable?.op === 'id' && Object.hasOwn(variables, variable.args))
      throw new Fault(`${variable.args} is a variable already`, variable.start, 'give the element another name');
    if (loops >= MAX_NESTED_LOOPS)
      throw new Fault(`loops are nested deeper than ${MAX_NESTED_LOOPS}`, node.start, 'split it into several rules');
    found.nestedLoops = Math.max(found.nestedLoops, loops + 1);
    for (const body of bodies) walk(body, loops + 1, context);
    return;
  }
  for (const each of args) walk(each, loops, context);
  if (name === 'split') found.splits = true;
  if (name !== 'matches') return;
  const [pattern] = args;
  if (args.length !== 1 || pattern?.op !== 'value' || typeof pattern.args !== 'string')
    throw new Fault('matches wants its pattern written out as a text', node.start, 'write .matches("…")');
  try {
    const compiled = patterns.get(pattern.args) ?? compileLinearRegex(pattern.args);
    patterns.set(pattern.args, compiled);
    found.patternSize += compiled.size;
  } catch (error) {
    if (error instanceof RegexError)
      throw new Fault(`the pattern ${error.message}`, pattern.start, 'patterns are written as for RE2');
    throw error;
  }
  // The library's own would take for ever on some texts; the checker then finds ours under this name.
  node.args[0] = LINEAR_MATCHES;
}

function requireKnown(name: string, known: ReadonlySet<string>, node: ASTNode, what: string): void {
  if (known.has(name)) return;
  const near = closest(name, [...known]);
  throw new Fault(
    `there is no ${what} ${name}`,
    node.start,
    near === undefined ? `known: ${[...known].join(', ')}` : `did you mean "${near}"?`,
  );
}

/** `args.a["b"]` as a path; undefined where a part is worked out. */
function pathOf(node: ASTNode): { variable: string; path: string[] } | undefined {
  const path: string[] = [];
  let at = node;
  for (;;) {
    if (at.op === 'id') return { variable: at.args, path: path.reverse() };
    if (at.op === '.' || at.op === '.?') {
      path.push(at.args[1]);
      at = at.args[0];
    } else if (at.op === '[]' || at.op === '[?]') {
      const [object, index] = at.args;
      if (index.op !== 'value' || typeof index.args !== 'string') return undefined;
      path.push(index.args);
      at = object;
    } else return undefined;
  }
}

/** The first line of what the library says, without its drawing. */
function problemOf(error: unknown): string {
  const known = error instanceof EvaluationError || error instanceof ParseError || error instanceof CelTypeError;
  if (known) return lowerFirst(error.summary).slice(0, 200);
  return error instanceof Error ? (error.message.split('\n')[0] ?? '').slice(0, 200) : 'no answer';
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function describeFault(
  error: unknown,
  variables: CelVariables,
): { readonly at: number; readonly message: string; readonly remedy: string | undefined } {
  if (error instanceof Fault) return { at: error.at, message: error.message, remedy: error.remedy };
  if (!(error instanceof ParseError || error instanceof CelTypeError)) throw error;
  const at = error.range?.start ?? 0;
  const message = lowerFirst(error.summary).replaceAll(LINEAR_MATCHES, 'matches');
  if (error instanceof ParseError) return { at, message, remedy: undefined };
  const word = /(?:variable|key): (\w+)$/.exec(message)?.[1] ?? '';
  const fields = Object.values(variables).flatMap((type) => (typeof type === 'string' ? [] : Object.keys(type)));
  const known = message.startsWith('unknown variable') ? Object.keys(variables) : fields;
  const near = word === '' ? undefined : closest(word, known);
  const all = word === '' ? undefined : `known here: ${[...new Set(known)].join(', ')}`;
  return { at, message, remedy: near === undefined ? all : `did you mean "${near}"?` };
}
