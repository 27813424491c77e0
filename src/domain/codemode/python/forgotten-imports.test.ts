import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgottenImports } from './forgotten-imports.ts';

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
    assert.deepEqual(forgottenImports(code), found, code);
});
