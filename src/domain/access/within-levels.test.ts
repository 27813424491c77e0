import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Level, Narrowing } from '../../contracts/caller.ts';
import { type AccessKind, compileGrant } from './compile-grant.ts';
import { compileBounds, withinBounds } from './within-levels.ts';

interface Rules {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

const TYPES = ['user', 'team', 'organization'] as const;

function levelsOf(grants: readonly (Rules | undefined)[]): readonly Level[] {
  return grants.map((grant, i) => {
    const type = TYPES[i % TYPES.length] ?? 'team';
    return { type, id: `${type}_${i}`, name: `${type} ${i}`, grant, limits: undefined };
  });
}

function compile(own: Rules, above: readonly (Rules | undefined)[], narrowing?: Narrowing) {
  const bounds = compileBounds(levelsOf(above));
  const grant = compileGrant(own, narrowing);
  return bounds === undefined ? grant : withinBounds(grant, bounds);
}

test('a call is allowed only where the key and every level above allow it, and a refusal names the nearest that does not', () => {
  const grant = compile({ allow: ['*'], deny: ['files/own'] }, [
    { allow: ['*'], deny: ['files/u*'] },
    undefined,
    { allow: ['files', 'model:openai/*'], deny: ['files/uo'] },
  ]);
  assert.deepEqual(grant.decide('tool', 'files', 'read'), { allowed: true, rule: '*' });
  assert.deepEqual(grant.decide('tool', 'files', 'own'), { allowed: false, rule: 'files/own' });
  const user = { type: 'user', id: 'user_0', name: 'user 0' };
  assert.deepEqual(grant.decide('tool', 'files', 'uo'), { allowed: false, rule: 'files/u*', level: user });
  const organization = { type: 'organization', id: 'organization_2', name: 'organization 2' };
  assert.deepEqual(grant.decide('tool', 'git', 'log'), { allowed: false, rule: undefined, level: organization });
  assert.ok(grant.allows('model', 'openai', 'gpt-5'));
  assert.ok(!grant.allows('model', 'anthropic', 'claude'));
  assert.ok(grant.reaches('files') && !grant.reaches('git'));
});

test('levels that say nothing of targets leave the grant as it is', () => {
  assert.equal(compileBounds(levelsOf([undefined, { allow: ['*'], deny: [] }])), undefined);
});

test('equal grants within different bounds do not share a signature', () => {
  const own = { allow: ['*'], deny: [] };
  const inFiles = compile(own, [{ allow: ['files'], deny: [] }]);
  const inGit = compile(own, [{ allow: ['git'], deny: [] }]);
  assert.notEqual(inFiles.signature, inGit.signature);
  assert.notEqual(inFiles.signature, compile(own, []).signature);
});

/** What the patterns mean, written as slowly and plainly as can be: a second opinion, sharing nothing with what it judges. */
function fits(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) return fits(pattern.slice(1), text) || (text !== '' && fits(pattern, text.slice(1)));
  return text !== '' && pattern.at(0) === text.at(0) && fits(pattern.slice(1), text.slice(1));
}

/** Kind, server and name of a pattern, by hand. */
function takeApart(pattern: string): { kind: string; server: string; name: string | undefined } {
  let kind = '';
  let rest = pattern;
  for (const each of ['tool', 'prompt', 'resource', 'model'])
    if (pattern.startsWith(`${each}:`)) {
      kind = each;
      rest = pattern.slice(each.length + 1);
    }
  for (let i = 0; i < rest.length; i++) {
    if (rest.charAt(i) === '/') return { kind, server: rest.slice(0, i), name: rest.slice(i + 1) };
    if (rest.startsWith('__', i)) return { kind, server: rest.slice(0, i), name: rest.slice(i + 2) };
  }
  return { kind, server: rest, name: undefined };
}

function speaksOf(pattern: string, kind: string, server: string, name: string): boolean {
  const parts = takeApart(pattern);
  if (parts.kind !== '' && parts.kind !== kind) return false;
  if (!fits(parts.server, server)) return false;
  return parts.name === undefined || fits(parts.name, name);
}

function modelAllows({ allow, deny }: Rules, kind: string, server: string, name: string): boolean {
  if (deny.some((pattern) => speaksOf(pattern, kind, server, name))) return false;
  return allow.some((pattern) => {
    const isForEverything = pattern.length > 0 && [...pattern].every((char) => char === '*');
    if (kind === 'model' && takeApart(pattern).kind === '' && !isForEverything) return false;
    return speaksOf(pattern, kind, server, name);
  });
}

function modelKeeps({ servers, tools }: Narrowing, kind: string, server: string, name: string): boolean {
  if (kind === 'model') return true;
  if (servers !== undefined && !servers.some((pattern) => fits(pattern, server))) return false;
  return kind !== 'tool' || tools === undefined || tools.some((pattern) => speaksOf(pattern, kind, server, name));
}

const piece = fc.constantFrom('a', 'b', 'ab', '*', 'a*', '*b', 'a*b', '**', 'ba', '');
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '', 'tool:', 'prompt:', 'resource:', 'model:'),
    piece,
    fc.constantFrom('/', '__', undefined),
    piece,
  )
  .map(([kind, server, cut, name]) => `${kind}${server}${cut === undefined ? '' : cut + name}`);
const patterns = fc.array(pattern, { maxLength: 4 });
const rules = fc.record({ allow: fc.oneof(fc.constant(['*']), patterns), deny: fc.oneof(fc.constant([]), patterns) });
const above = fc.array(fc.option(rules, { nil: undefined }), { maxLength: 3 });
const kinds = fc.constantFrom<AccessKind>('tool', 'prompt', 'resource', 'model');
const server = fc.constantFrom('a', 'b', 'ab', 'ba', 'aab');
const target = fc.constantFrom('a', 'b', 'ab', 'aXb', 'b/a', 'a__b', '');
const narrow = fc.record({
  servers: fc.option(fc.array(piece, { maxLength: 3 }), { nil: undefined }),
  tools: fc.option(patterns, { nil: undefined }),
});

test('grants of up to four levels decide as a slow and plain reading of the rules does', () => {
  let allowed = 0;
  fc.assert(
    fc.property(rules, above, narrow, kinds, server, target, (own, levels, narrowing, kind, id, name) => {
      const grant = compile(own, levels, narrowing);
      const expected =
        [own, ...levels].every((each) => each === undefined || modelAllows(each, kind, id, name)) &&
        modelKeeps(narrowing, kind, id, name);
      if (expected) allowed++;
      assert.equal(grant.allows(kind, id, name), expected);
      assert.equal(grant.decide(kind, id, name).allowed, expected);
      if (expected && kind !== 'model') assert.ok(grant.reaches(id), 'what is allowed is reachable');
    }),
    { numRuns: 20_000 },
  );
  assert.ok(allowed > 1_000, `both answers are seen: ${allowed} of 20000 were allowed`);
});

test('a level more, and narrowing, can only take away', () => {
  fc.assert(
    fc.property(rules, above, rules, narrow, kinds, server, target, (own, levels, more, narrowing, kind, id, name) => {
      const wide = compile(own, levels);
      const bounded = compile(own, [...levels, more]);
      const narrowed = compile(own, levels, narrowing);
      assert.ok(!bounded.allows(kind, id, name) || wide.allows(kind, id, name));
      assert.ok(!narrowed.allows(kind, id, name) || wide.allows(kind, id, name));
    }),
    { numRuns: 5_000 },
  );
});
