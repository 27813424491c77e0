/** Who goes through what: the one table of steps and kinds of call. Read top-down it is the onion, outermost first. */

import type { CallKind } from '../contracts/call.ts';

export type StepName =
  | 'record'
  | 'identify'
  | 'read-kept-result'
  | 'authorize'
  | 'decide-policy'
  | 'write-ahead'
  | 'cut-result'
  | 'read-cache'
  | 'price-call';

export type LastStepName =
  | 'describe-endpoint'
  | 'list-items'
  | 'call-tool'
  | 'get-prompt'
  | 'list-skills'
  | 'read-resource'
  | 'subscribe-resource'
  | 'unsubscribe-resource'
  | 'complete-argument'
  | 'call-task'
  | 'subscribe-task';

/** `●` goes through the step, `·` does not. */
type Mark = '●' | '·';

const COLUMNS = [
  'session.open',
  'lists',
  'tools.call',
  'prompts.get',
  'resources.read',
  'subscribe',
  'completion.complete',
  'tasks.get',
  'tasks.update',
] as const;
type Column = (typeof COLUMNS)[number];

// prettier-ignore
const ROWS: readonly (readonly [StepName, ...Mark[]])[] = [
  //              open lists tool prompt read subscribe complete task.get task.update
  ['record', '●', '●', '●', '●', '●', '●', '●', '●', '●'],
  ['identify', '●', '●', '●', '●', '●', '●', '●', '●', '●'],
  ['read-kept-result', '·', '·', '·', '·', '●', '·', '·', '·', '·'],
  ['authorize', '●', '●', '●', '●', '●', '●', '●', '●', '●'],
  ['decide-policy', '·', '·', '●', '●', '●', '·', '·', '·', '·'],
  ['write-ahead', '·', '·', '●', '·', '·', '·', '·', '·', '●'],
  ['cut-result', '·', '·', '●', '·', '·', '·', '·', '·', '·'],
  ['read-cache', '·', '·', '●', '·', '·', '·', '·', '·', '·'],
  ['price-call', '·', '·', '●', '·', '·', '·', '·', '·', '·'],
];

const KINDS: { readonly [kind in CallKind]: { readonly column: Column; readonly last: LastStepName } } = {
  'session.open': { column: 'session.open', last: 'describe-endpoint' },
  'tools.list': { column: 'lists', last: 'list-items' },
  'tools.call': { column: 'tools.call', last: 'call-tool' },
  'prompts.list': { column: 'lists', last: 'list-items' },
  'prompts.get': { column: 'prompts.get', last: 'get-prompt' },
  'resources.list': { column: 'lists', last: 'list-items' },
  'resources.templates.list': { column: 'lists', last: 'list-items' },
  'resources.read': { column: 'resources.read', last: 'read-resource' },
  'resources.subscribe': { column: 'subscribe', last: 'subscribe-resource' },
  'resources.unsubscribe': { column: 'subscribe', last: 'unsubscribe-resource' },
  'skills.list': { column: 'lists', last: 'list-skills' },
  'skills.get': { column: 'resources.read', last: 'read-resource' },
  'directories.read': { column: 'resources.read', last: 'read-resource' },
  'completion.complete': { column: 'completion.complete', last: 'complete-argument' },
  'tasks.get': { column: 'tasks.get', last: 'call-task' },
  'tasks.update': { column: 'tasks.update', last: 'call-task' },
  'tasks.cancel': { column: 'tasks.update', last: 'call-task' },
  'tasks.subscribe': { column: 'subscribe', last: 'subscribe-task' },
};

/** The steps of one kind of call, outermost first, and the step it ends in. */
export function stepsOf(kind: CallKind): { readonly steps: readonly StepName[]; readonly last: LastStepName } {
  const { column, last } = KINDS[kind];
  const index = COLUMNS.indexOf(column) + 1;
  return { steps: ROWS.filter((row) => row[index] === '●').map((row) => row[0]), last };
}

/** The table as Markdown, for ARCHITECTURE.md. */
export function renderTimetable(): string {
  const cells = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  const lastOf = (column: Column) => Object.values(KINDS).find((k) => k.column === column)?.last ?? '';
  return [
    cells(['step', ...COLUMNS]),
    cells(['---', ...COLUMNS.map(() => ':-:')]),
    ...ROWS.map((row) => cells(row.map((cell) => (cell === '·' ? '' : cell)))),
    cells(['*last step*', ...COLUMNS.map(lastOf)]),
  ].join('\n');
}
