import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScriptError } from '../../../contracts/sandbox.ts';
import { hintFor } from './hints.ts';

const error = (exception: string, message: string, kind: ScriptError['kind'] = 'exception'): ScriptError => ({
  ...{ kind, exception, message, line: undefined, traceback: undefined },
});
const missing = (name: string): ScriptError => error('ReferenceError', `'${name}' is not defined`);
const names = new Set(['github', 'other_desk']);

test('what scripts expect and do not find is told with what to write instead', () => {
  for (const [of, code, hint] of [
    [missing('fetch'), '', /no network/],
    [missing('process'), '', /no process/],
    [missing('URL'), '', /the language itself/],
    [missing('require'), '', /no modules/],
    [
      error('SyntaxError', "'import' and 'export' may appear only with 'sourceType: module'", 'syntax'),
      '',
      /no modules/,
    ],
    [missing('gihub'), 'gihub.x()', /^did you mean github\?$/],
    [missing('jira'), 'await jira.search({})', /search_tools/],
    [error('TypeError', 'github has no tool lst; did you mean github.list?'), '', /search_tools/],
    [error('SyntaxError', 'Unexpected token', 'syntax'), 'const a: string = "x";', /without types/],
    [error('SyntaxError', 'Unexpected token', 'syntax'), 'def f(x):\n  return x', /JavaScript here/],
    [error('SyntaxError', 'Unexpected token', 'syntax'), 'const a = 1;\n{a: a, b: 2}', /\(\{\.\.\.\}\)/],
  ] as const)
    assert.match(hintFor(of, code, names) ?? '', hint, of.message);
});

test('where the error says it all, nothing is added', () => {
  for (const of of [
    missing('total'),
    error('TypeError', 'github.list() was not awaited: it is a promise and has no map; write await before the call'),
    error('TimeoutError', 'the script used more than 5 s of computing time', 'limit'),
  ])
    assert.equal(hintFor(of, 'total + 1', names), undefined, of.message);
});
