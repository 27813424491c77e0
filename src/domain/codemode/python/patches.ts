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

/** Whether coroutines of the script are, or may be, under way together: what their tools raise has to come as values then. */
export const hasCoroutines = (script: Parsed): boolean =>
  all(script, 'FunctionDefinition').some((node) => node.firstChild?.name === 'async');

/** Undefined: the engine's own does. `node`: where it is used; an import if nothing else is known. */
export function patchOf(script: Parsed, module: string, member: string, node: SyntaxNode): string | undefined {
  const of = PATCHES[module];
  const patch = of !== undefined && Object.hasOwn(of, member) ? of[member] : undefined;
  if (patch === undefined) return undefined;
  const call =
    node.parent?.name === 'CallExpression' && node.parent.firstChild?.from === node.from ? node.parent : undefined;
  switch (`${module}.${member}`) {
    case 'asyncio.gather':
      if (call === undefined) return patch;
      return hasCoroutines(script) || hasArgument(script, call, 'return_exceptions') ? patch : undefined;
    case 'asyncio.run':
      return usesTasks(script) ? patch : undefined;
    case 'json.dumps':
      return call !== undefined && hasArgument(script, call, 'default') ? patch : undefined;
    default:
      return patch;
  }
}

const hasArgument = (script: Parsed, call: SyntaxNode, name: string): boolean =>
  (argumentsOf(call, script.text) ?? []).some((argument) => argument.name === name);

const usesTasks = ({ code }: Parsed): boolean => /\b(?:create_task|ensure_future|TaskGroup)\b/.test(code);
