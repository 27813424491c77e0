/** What a perfect model says in each round of a task, in each way of being given tools. */

import type { Task, TaskCall } from './tasks.ts';

export const MODES = ['classic-seq', 'classic-par', 'search', 'code', 'code-bad'] as const;
export type Mode = (typeof MODES)[number];

/** What the gateway is told of a mode: how it shows tools. */
export const TOOL_MODES: { readonly [mode in Mode]: 'classic' | 'search' | 'code' } = {
  'classic-seq': 'classic',
  'classic-par': 'classic',
  search: 'search',
  code: 'code',
  'code-bad': 'code',
};
/** How many times as long texts in results are. */
export const SCALES: { readonly [mode in Mode]: number } = {
  'classic-seq': 1,
  'classic-par': 1,
  search: 1,
  code: 1,
  'code-bad': 4,
};

export interface Said {
  readonly name: string;
  readonly args: object;
}

/** Calls of the round, or undefined where the model answers. */
export type Round = readonly Said[];

const exposed = ({ tool, args }: TaskCall): Said => ({ name: tool.replace('/', '__'), args });
const throughCall = ({ tool, args }: TaskCall): Said => ({
  name: 'call_tool',
  args: { name: tool.replace('/', '.'), arguments: args },
});
const searching = (searches: readonly object[]): Round =>
  searches.map((args) => ({ name: 'search_tools', args: { ...args, limit: 5 } }));
const running = (code: string): Round => [{ name: 'run_code', args: { code } }];

/** Something that sounds near and helps nobody. */
const USELESS = [{ query: 'calendar appointments and reminders of next week' }];

/**
 * What a model tries first that has not understood the result yet: the first statement that calls a tool, a look at what it gave, and
 * a key that is not there. It changes nothing.
 */
function failingScript(task: Task): string {
  const lines = (task.scripts[0] ?? '').split('\n');
  const at = lines.findIndex((line) => /\bawait\b/.test(line) && !line.startsWith(' '));
  const end = lines.findIndex((line, i) => i >= at && /^\S*[^\s(,]$|\)$|\]$/.test(line) && !/[([,]$/.test(line));
  const first = lines.slice(0, end + 1);
  const name = /^(\w+)[ ,=]/.exec(lines[at] ?? '')?.[1] ?? '_';
  const keep = first[at]?.startsWith('await ') === true ? [...first.slice(0, at), `x = ${first[at]}`] : first;
  const seen = name === 'await' ? 'x' : name;
  return [...keep, `print(${seen})`, `${seen}["results"]["entries"]`].join('\n');
}

export function roundsOf(task: Task, mode: Mode): readonly Round[] {
  switch (mode) {
    case 'classic-seq':
      return task.levels.flatMap((level) => level.map((each) => [exposed(each)]));
    case 'classic-par':
      return task.levels.map((level) => level.map(exposed));
    case 'search':
      return [searching(task.searches), ...task.levels.map((level) => level.map(throughCall))];
    case 'code':
      return [searching(task.searches), ...task.scripts.map(running)];
    case 'code-bad':
      return [searching(USELESS), searching(task.searches), running(failingScript(task)), ...task.scripts.map(running)];
  }
}
