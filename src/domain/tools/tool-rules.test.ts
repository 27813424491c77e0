import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OfferedTool } from '../../contracts/upstream.ts';
import { compileToolRules } from './tool-rules.ts';

const toolNamed = (name: string): OfferedTool => ({
  name,
  text: '{}',
  readOnly: false,
  idempotent: false,
  headerParams: [],
});

test('the most specific pattern decides, wherever it stands, and a tool no pattern fits has no rule', () => {
  const rule = (server: string, tool: string, value: number) => ({ source: `${server}/${tool}`, server, tool, value });
  const ruleOf = compileToolRules([rule('git*', '*', 1), rule('github', 'get_*', 2), rule('github', 'get_file', 3)]);
  const file = toolNamed('get_file');
  for (let twice = 0; twice < 2; twice++) {
    assert.equal(ruleOf('github', file), 3);
    assert.equal(ruleOf('gitlab', file), 1, 'the same tool of another server is another tool');
    assert.equal(ruleOf('github', toolNamed('get_issue')), 2);
    assert.equal(ruleOf('github', toolNamed('create')), 1);
    assert.equal(ruleOf('files', toolNamed('get_file')), undefined);
  }
});
