import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rewritePython } from './rewrite-python.ts';

const forgottenIn = (code: string): readonly string[] => rewritePython(code, new Set()).forgotten;

test('a module that is used and nowhere imported is found, and nothing that is the script’s own', () => {
  for (const [code, found] of [
    ['x = await asyncio.gather(a(), b())\njson.dumps(x)', ['asyncio', 'json']],
    ['import json\njson.dumps(1)', []],
    ['from json import dumps\nimport re as json\njson.match("a", "b")', []],
    ['def f(re):\n    return re.name\nf(1)', []],
    ['for math in rows:\n    print(math.title)', []],
    ['json = issue.json\njson.title', []],
    ['[re.id for re in rows]', []],
    ['issue.json.title', []],
    ['"json.dumps"  # re.match', []],
    ['f"{math.pi:.2f}"', ['math']],
    ['datetime.now()', []],
    ['x = (', []],
  ] as const)
    assert.deepEqual(forgottenIn(code), found, code);
});

test('a script of a length that no model writes is left as it is, at once', () => {
  const line = 'x = json.dumps("%s" % desk.work())\n';
  const short = line.repeat(10);
  const long = line.repeat(400);
  assert.notEqual(rewritePython(short, new Set(['desk'])).code, short);
  assert.equal(rewritePython(long, new Set(['desk'])).code, long);
  assert.deepEqual([forgottenIn(short), forgottenIn(long)], [['json'], []]);
});
