import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SCOPES } from '../../contracts/access-tokens.ts';
import { CALL_KINDS } from '../../contracts/call.ts';
import { MODEL_CALL_KINDS } from '../../contracts/models.ts';
import { covers, scopeFor, scopesOf } from './scopes.ts';

test('a scope covers itself and what is within it, and nothing that only begins like it', () => {
  assert.ok(covers(['mcp'], 'mcp:read'));
  assert.ok(covers(['mcp:read'], 'mcp:read'));
  assert.ok(!covers(['mcp:read'], 'mcp'));
  assert.ok(!covers(['mc', 'mcp:', 'mcp:re', 'MCP', 'model', ''], 'mcp:read'));
  assert.ok(!covers(['mcp'], 'models'));
  assert.ok(!covers([], 'mcp:read'));
});

test('calls of models need their own scope, and what may change something is never only reading', () => {
  for (const kind of CALL_KINDS)
    assert.equal(scopeFor(kind) === 'models', (MODEL_CALL_KINDS as readonly string[]).includes(kind), kind);
  const changing = CALL_KINDS.filter((kind) => scopeFor(kind) === 'mcp');
  assert.deepEqual(changing, ['tools.call', 'tasks.update', 'tasks.cancel']);
});

test('scopes are read as a text or a list, each once', () => {
  assert.deepEqual(scopesOf({ scope: 'openid mcp mcp' }), ['openid', 'mcp']);
  assert.deepEqual(scopesOf({ scp: ['mcp', 'models'] }), ['mcp', 'models']);
  assert.deepEqual(scopesOf({ scope: 'mcp', scp: 'models' }), ['mcp', 'models']);
  assert.deepEqual(scopesOf({}), []);
});

test('whatever a token says of scopes, only well-formed words of it come out, and those that are there do', () => {
  const word = fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,12}$/);
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), fc.boolean(), (words, asList) => {
      assert.deepEqual(scopesOf(asList ? { scp: words } : { scope: words.join(' ') }), [...new Set(words)]);
    }),
  );
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (scope, scp) => {
      const found = scopesOf({ scope, scp });
      assert.ok(found.length <= 256 && found.every((each) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(each)));
      const said = [scope, scp].flatMap((claim) =>
        typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [],
      );
      for (const ours of SCOPES) assert.equal(found.includes(ours), said.includes(ours));
    }),
  );
});
