/** Members of the engine's own modules that it lacks, each with the name of the prelude that stands in for it. */

import type { SyntaxNode } from '@lezer/common';
import { all, argumentsOf, type Parsed } from './syntax.ts';

export const PREFIX = '_portcullis_';

const named = (...members: readonly string[]): { readonly [member: string]: string } =>
  Object.fromEntries(members.map((member) => [member, PREFIX + member]));

const ASYNCIO: { readonly [member: string]: string } = {
  ...named(
    'gather',
    'wait',
    'as_completed',
    'sleep',
    'TaskGroup',
    'Semaphore',
    'Lock',
    'wait_for',
    'shield',
    'timeout',
  ),
  ...{
    create_task: `${PREFIX}task`,
    ensure_future: `${PREFIX}task`,
    run: `${PREFIX}main`,
    to_thread: `${PREFIX}to_thread`,
  },
  ...{ BoundedSemaphore: `${PREFIX}Semaphore`, TimeoutError: 'TimeoutError', CancelledError: 'KeyboardInterrupt' },
  ...{ FIRST_COMPLETED: '"FIRST_COMPLETED"', ALL_COMPLETED: '"ALL_COMPLETED"' },
  ...{ Task: `${PREFIX}Task` },
};

/** By module, then member. */
const PATCHES: { readonly [module: string]: { readonly [member: string]: string } } = {
  asyncio: ASYNCIO,
  itertools: named('groupby', 'combinations', 'permutations', 'product', 'zip_longest', 'accumulate', 'tee'),
  functools: named('wraps', 'lru_cache', 'cache', 'cmp_to_key'),
  collections: { OrderedDict: 'dict' },
  datetime: named('UTC'),
  dataclasses: named('field', 'asdict', 'astuple', 'replace'),
  json: named('dumps'),
  pathlib: named('PurePosixPath', 'PurePath', 'PosixPath'),
  random: named('shuffle'),
  math: named('prod'),
  sys: named('exit', 'stderr', 'stdout', 'argv'),
};

/** Other ways than `gather` to have several things under way. */
const OTHERS =
  /\b(?:create_task|ensure_future|TaskGroup|as_completed|asyncio\.wait|wait_for|shield|Lock|return_exceptions)\b/;

/** Whether things may be under way together that the engine's own `gather` cannot do: what tools raise has to come as values then. */
const isConcurrent = (script: Parsed): boolean =>
  OTHERS.test(script.code) || all(script, 'FunctionDefinition').some((node) => node.firstChild?.name === 'async');

/** Undefined: the engine's own does. `node`: where it is used; an import if nothing else is known. */
export function patchOf(script: Parsed, module: string, member: string, node: SyntaxNode): string | undefined {
  const of = PATCHES[module];
  const patch = of !== undefined && Object.hasOwn(of, member) ? of[member] : undefined;
  if (patch === undefined) return undefined;
  const call =
    node.parent?.name === 'CallExpression' && node.parent.firstChild?.from === node.from ? node.parent : undefined;
  switch (`${module}.${member}`) {
    case 'asyncio.gather':
      return isConcurrent(script) ? patch : undefined;
    case 'asyncio.run':
      return isConcurrent(script) && (OTHERS.test(script.code) || /\bgather\b/.test(script.code)) ? patch : undefined;
    case 'json.dumps':
      return call !== undefined && hasArgument(script, call, 'default') ? patch : undefined;
    default:
      return patch;
  }
}

const hasArgument = (script: Parsed, call: SyntaxNode, name: string): boolean =>
  (argumentsOf(call, script.text) ?? []).some((argument) => argument.name === name);
