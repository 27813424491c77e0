/** Who goes through what: the one table of steps and kinds of call. Read top-down it is the onion, outermost first. */

import type { CallKind } from '../contracts/call.ts';

export type StepName =
  | 'record'
  | 'identify'
  | 'read-kept-result'
  | 'authorize'
  | 'check-suggestion'
  | 'decide-policy'
  | 'require-connection'
  | 'require-approval'
  | 'claim-suggestion'
  | 'write-ahead'
  | 'cut-result'
  | 'read-cache'
  | 'price-call'
  | 'authorize-model'
  | 'inject-tools'
  | 'run-agent'
  | 'note-suggestions'
  | 'price-tokens'
  | 'limit-rate'
  | 'reserve-budget';

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

export type ModelLastStepName = 'complete-chat' | 'embed' | 'count-tokens' | 'list-models' | 'pass-through';

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
  'chat',
  'embed',
  'tokens.count',
  'models.list',
  'models.pass',
] as const;
type Column = (typeof COLUMNS)[number];

// prettier-ignore
const ROWS: readonly (readonly [StepName, ...Mark[]])[] = [
  //              open lists tool prompt read subscribe complete task.get task.update chat embed count models pass
  ['record', '●', '●', '●', '●', '●', '●', '●', '●', '●', '●', '●', '●', '●', '●'],
  ['identify', '●', '●', '●', '●', '●', '●', '●', '●', '●', '●', '●', '●', '●', '●'],
  ['read-kept-result', '·', '·', '·', '·', '●', '·', '·', '·', '·', '·', '·', '·', '·', '·'],
  ['authorize', '●', '●', '●', '●', '●', '●', '●', '●', '●', '·', '·', '·', '·', '·'],
  ['authorize-model', '·', '·', '·', '·', '·', '·', '·', '·', '·', '●', '●', '●', '·', '●'],
  ['check-suggestion', '·', '·', '●', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·'],
  ['decide-policy', '·', '·', '●', '●', '●', '·', '·', '·', '·', '·', '·', '·', '·', '·'],
  ['require-connection', '·', '·', '●', '●', '●', '·', '·', '·', '·', '·', '·', '·', '·', '·'],
  ['require-approval', '·', '·', '●', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·'],
  ['inject-tools', '·', '·', '·', '·', '·', '·', '·', '·', '·', '●', '·', '●', '·', '·'],
  ['run-agent', '·', '·', '·', '·', '·', '·', '·', '·', '·', '●', '·', '·', '·', '·'],
  ['note-suggestions', '·', '·', '·', '·', '·', '·', '·', '·', '·', '●', '·', '·', '·', '·'],
  ['limit-rate', '·', '·', '●', '●', '●', '·', '●', '·', '·', '●', '●', '●', '·', '●'],
  ['reserve-budget', '·', '·', '●', '·', '·', '·', '·', '·', '·', '●', '●', '·', '·', '●'],
  ['claim-suggestion', '·', '·', '●', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·'],
  ['write-ahead', '·', '·', '●', '·', '·', '·', '·', '·', '●', '●', '●', '·', '·', '●'],
  ['cut-result', '·', '·', '●', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·'],
  ['read-cache', '·', '·', '●', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·'],
  ['price-call', '·', '·', '●', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·', '·'],
  ['price-tokens', '·', '·', '·', '·', '·', '·', '·', '·', '·', '●', '●', '·', '·', '●'],
];

const KINDS: {
  readonly [kind in CallKind]: { readonly column: Column; readonly last: LastStepName | ModelLastStepName };
} = {
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
  chat: { column: 'chat', last: 'complete-chat' },
  embed: { column: 'embed', last: 'embed' },
  'tokens.count': { column: 'tokens.count', last: 'count-tokens' },
  'models.list': { column: 'models.list', last: 'list-models' },
  'models.pass': { column: 'models.pass', last: 'pass-through' },
};

/** The steps of one kind of call, outermost first, and the step it ends in. */
export function stepsOf(kind: CallKind): {
  readonly steps: readonly StepName[];
  readonly last: LastStepName | ModelLastStepName;
} {
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
