import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGrant } from './compile-grant.ts';

const allows = (allow: string[], deny: string[] = []) => compileGrant({ allow, deny });

test('nothing is allowed by default', () => {
  assert.equal(allows([]).allows('tool', 'files', 'read'), false);
  assert.equal(allows([]).reaches('files'), false);
});

test('a pattern names a server, a server and a name, or everything', () => {
  const table: [string, string, string, boolean][] = [
    ['*', 'files', 'read', true],
    ['files', 'files', 'read', true],
    ['files', 'files2', 'read', false],
    ['files/read*', 'files', 'read_file', true],
    ['files/read*', 'files', 'write_file', false],
    ['files__read*', 'files', 'read_file', true],
    ['f*/*', 'files', 'write', true],
    ['*/read_*', 'memory', 'read_graph', true],
    ['tool:files/read', 'files', 'read', true],
    ['prompt:files/read', 'files', 'read', false],
    ['files/a__b', 'files', 'a__b', true],
    ['files/dir/x', 'files', 'dir/x', true],
    ['', 'files', 'read', false],
  ];
  for (const [pattern, server, name, expected] of table) {
    assert.equal(allows([pattern]).allows('tool', server, name), expected, `${pattern} ~ ${server}/${name}`);
  }
});

test('a deny rule wins over every allow rule, and the verdict names it', () => {
  const grant = allows(['*', 'files/delete'], ['files/del*']);
  assert.deepEqual(grant.decide('tool', 'files', 'delete'), { allowed: false, rule: 'files/del*' });
  assert.deepEqual(grant.decide('tool', 'files', 'read'), { allowed: true, rule: '*' });
  assert.deepEqual(allows(['files']).decide('tool', 'x', 'y'), { allowed: false, rule: undefined });
});

test('an endpoint exists only for callers who may reach something behind it', () => {
  assert.equal(allows(['files/read']).reaches('files'), true);
  assert.equal(allows(['*'], ['files']).reaches('files'), false);
  assert.equal(allows(['*'], ['files/*']).reaches('files'), false);
  assert.equal(allows(['*'], ['tool:files']).reaches('files'), true);
  assert.equal(
    compileGrant({ allow: ['*'], deny: [] }, { servers: ['memory'], tools: undefined }).reaches('files'),
    false,
  );
});

test('narrowing can only take away', () => {
  const word = fc.constantFrom('a', 'b', 'a*', '*', 'b/x', 'a/x*', 'tool:a', 'resource:*', 'a__x');
  const list = fc.array(word, { maxLength: 3 });
  fc.assert(
    fc.property(
      list,
      list,
      fc.option(list, { nil: undefined }),
      fc.option(list, { nil: undefined }),
      fc.constantFrom('tool' as const, 'prompt' as const, 'resource' as const),
      fc.constantFrom('a', 'b', 'ab'),
      fc.constantFrom('x', 'xy', 'z'),
      (allow, deny, servers, tools, kind, server, name) => {
        const wide = compileGrant({ allow, deny });
        const narrow = compileGrant({ allow, deny }, { servers, tools });
        assert.ok(!narrow.allows(kind, server, name) || wide.allows(kind, server, name));
        assert.ok(!wide.allows(kind, server, name) || wide.reaches(server), 'what is allowed is reachable');
      },
    ),
    { numRuns: 2000 },
  );
});

test('models are allowed by patterns that say so, or by the one for everything', () => {
  const may = (allow: string[], deny: string[] = []) => compileGrant({ allow, deny });
  assert.ok(may(['*']).allows('model', 'openai', 'gpt-5'));
  assert.ok(may(['model:openai/*']).allows('model', 'openai', 'gpt-5'));
  assert.ok(may(['model:openai']).allows('model', 'openai', 'gpt-5'));
  assert.ok(may(['model:openrouter/meta-llama/*']).allows('model', 'openrouter', 'meta-llama/llama-4'));
  assert.ok(!may(['model:openai/gpt-5*']).allows('model', 'openai', 'o3'));
  assert.ok(!may([]).allows('model', 'openai', 'gpt-5'));
});

test('a pattern for a server opens no provider of models of the same name, but one that denies closes it', () => {
  assert.ok(!compileGrant({ allow: ['perplexity/*'], deny: [] }).allows('model', 'perplexity', 'sonar'));
  assert.ok(!compileGrant({ allow: ['*'], deny: ['perplexity'] }).allows('model', 'perplexity', 'sonar'));
  assert.ok(!compileGrant({ allow: ['*'], deny: ['model:*'] }).allows('model', 'openai', 'gpt-5'));
});

test('a pattern for models opens no tool, and makes no server reachable', () => {
  const grant = compileGrant({ allow: ['model:*'], deny: [] });
  assert.ok(!grant.allows('tool', 'github', 'push'));
  assert.ok(!grant.reaches('github'));
});

test('narrowing to servers and tools leaves models alone', () => {
  const grant = compileGrant({ allow: ['*'], deny: [] }, { servers: ['github'], tools: [] });
  assert.ok(grant.allows('model', 'openai', 'gpt-5'));
});
