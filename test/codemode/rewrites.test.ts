/** What holds of the rewrites whatever a script says: its lines stay, doing it twice is doing it once, and what is no code is left alone. */

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { preludeOf } from '../../src/domain/codemode/python/prelude.ts';
import { rewritePython } from '../../src/domain/codemode/python/rewrite-python.ts';
import { all, type Parsed, parse } from '../../src/domain/codemode/python/syntax.ts';
import { IDIOMS } from './python-idioms.ts';
import { SNIPPETS } from './python-snippets.ts';
import { readScripts } from './scripts/scripts.ts';

const NAMESPACES = new Set(['desk', 'shop', 'github', 'slack', 'jira', 'airtable', 'notion', 'kubernetes', 'gitlab']);
const PARTS = [...SNIPPETS, ...IDIOMS, ...readScripts()].map(({ code }) => code);
const linesOf = (code: string): number => code.split('\n').length;
const rewritten = (code: string): string => rewritePython(code, NAMESPACES).code;

const indented = (code: string, head: string): string =>
  `${head}\n${code
    .split('\n')
    .map((line) => (line === '' ? line : `    ${line}`))
    .join('\n')}`;

/** Some of them, one after the other or one within a block, with or without lines between. */
const combination = fc
  .array(
    fc.record({
      part: fc.constantFrom(...PARTS),
      within: fc.constantFrom(
        '',
        'if True:',
        'def outer(a, b=1):',
        'async def outer():',
        'try:\n    pass\nfinally:',
        'class Outer:',
      ),
      after: fc.constantFrom('', '\n', '\n# a comment\n', '\n\n'),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) =>
    parts.map(({ part, within, after }) => (within === '' ? part : indented(part, within)) + after).join('\n'),
  );

test('a script has as many lines after the rewrites as before, whatever it is put together of', () => {
  fc.assert(
    fc.property(combination, (code) => assert.equal(linesOf(rewritten(code)), linesOf(code))),
    { numRuns: 300 },
  );
});

test('what can be read can still be read, and a second time changes nothing', () => {
  fc.assert(
    fc.property(combination, (code) => {
      const once = rewritten(code);
      if (parse(code) !== undefined) assert.notEqual(parse(once), undefined, once);
      assert.equal(rewritten(once), once);
    }),
    { numRuns: 300 },
  );
});

test('texts and comments are left as they are', () => {
  const words = fc.constantFrom(
    ...[
      'del d[k]',
      'yield x',
      'a | b',
      'match x:',
      'class A(B):',
      '%s',
      'raise E',
      'await',
      'import time',
      'github.list_issues()',
    ],
  );
  const apart = fc.array(words, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(' '));
  fc.assert(
    fc.property(combination, apart, apart, (code, text, comment) => {
      const source = `${code}\nsaid = "${text}"  # ${comment}\nf"{said} ${text}"\n`;
      const result = rewritten(source);
      const script = parse(source);
      if (script === undefined) return;
      assert.ok(result.includes(`said = "${text}"  # ${comment}\nf"{said} ${text}"\n`), result);
      for (const comment_ of commentsOf(script)) assert.ok(result.includes(comment_), comment_);
    }),
    { numRuns: 200 },
  );
});

const commentsOf = (script: Parsed): string[] => all(script, 'Comment').map(script.text);

test('a script that needs nothing is not touched', () => {
  const code = [
    'import json, re',
    'from collections import Counter',
    'issues = await github.list_issues(owner="a", repo="b")',
    'def tell(issue: dict[str, int | None]) -> str:',
    '    """One line; del and yield are words here."""',
    '    if issue["n"] % 2 == 0:',
    '        raise ValueError(f"{issue[\'n\']} is even")',
    '    return f"{issue[\'title\']:<10}"',
    'try:',
    '    lines = [tell(i) for i in issues if i["state"] == "open"]',
    'except (ValueError, KeyError) as error:',
    '    lines = [str(error)]',
    'class Box:',
    '    def __init__(self, size=1):',
    '        self.size = size',
    'print("\\n".join(sorted(lines, key=len)), Box(2).size)',
  ].join('\n');
  const { helpers, ...script } = rewritePython(code, NAMESPACES);
  assert.equal(script.code, code);
  assert.equal(preludeOf(helpers), undefined);
});

test('what Python cannot read is left for the engine to say', () => {
  const code = 'del d[\nfor x in github.list_issues(owner="a", repo="b")\n    yield x';
  assert.equal(rewritten(code), code);
});
