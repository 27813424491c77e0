/** Conditions: what is accepted, what is refused and where, and what hostile values can cost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCelCompiler } from './cel.ts';
import { readExactJson } from './exact-json.ts';

const compile = createCelCompiler({ caller: { key: 'string' }, args: 'map', now: 'timestamp' });

function decide(source: string, args = '{}'): unknown {
  const compiled = compile(source);
  assert.ok(compiled.ok, `${source}: ${JSON.stringify(compiled)}`);
  const { value, ...size } = readExactJson(args);
  const values = { caller: { key: 'ci' }, args: value, now: new Date('2026-11-22T10:00:00Z') };
  const answer = compiled.condition.decide(values, size);
  return 'holds' in answer ? answer.holds : answer.problem;
}

test('conditions read arguments exactly, missing ones included', () => {
  assert.equal(decide('args.n == 9007199254740993', '{"n":9007199254740992}'), false);
  assert.equal(decide('args.n > 5 && args.f < 2.5', '{"n":6,"f":1}'), true);
  assert.equal(decide('args.path == "x"'), 'no such key: path');
  assert.equal(decide('has(args.path) && args.path == "x"'), false);
  assert.equal(decide('args.constructor == 1'), 'no such key: constructor');
  assert.equal(decide('args.tags.exists(t, t.startsWith("prod-"))', '{"tags":["a","prod-b"]}'), true);
  assert.equal(decide('args.user["name"] == "x"', '{"user":{"name":"x"}}'), true);
  assert.equal(decide('now.getHours("Europe/Berlin") == 11 && caller.key == "ci"'), true);
  // A pattern that the library's own engine, which must not be used, does not even read.
  assert.equal(decide('args.sql.matches("(?i)^drop")', '{"sql":"DROP it"}'), true);
  assert.match(String(decide('args.n > 5', '{"n":"6"}')), /no such overload/);
  assert.equal(decide('args.flag', '{"flag":1}'), 'the condition gave neither true nor false');
});

test('what is wrong with a condition is said with its place and a remedy', () => {
  const refused: readonly (readonly [source: string, at: number, message: RegExp, remedy?: RegExp])[] = [
    ['', 0, /empty/],
    ['args.a ==', 9, /unexpected token/],
    ['callr.key == "x"', 0, /unknown variable: callr/, /did you mean "caller"/],
    ['caller.kye == "x"', 7, /no such key: kye/, /did you mean "key"/],
    ['caller.key == 1', 0, /no such overload/],
    ['caller.key', 0, /expected bool/],
    ['args.a.matches("(?=x)")', 15, /look-around/],
    ['args.a.matches(args.b)', 0, /written out/],
    ['args.a.startWith("x")', 0, /no method startWith/, /did you mean "startsWith"/],
    ['cel.bind(x, 1, x == 1)', 0, /no method bind/],
    ['args.l.all(a, args.l.all(b, args.l.all(c, a == c)))', 28, /nested deeper/],
    ['args.l.all(now, now == 1)', 11, /a variable already/],
    [`${'true || '.repeat(600)}true`, 0, /longer than/],
    [`${'1 + '.repeat(400)}1 > 0`, 0, /./],
  ];
  for (const [source, at, message, remedy] of refused) {
    const compiled = compile(source);
    assert.ok(!compiled.ok, source);
    assert.match(compiled.message, message, source);
    if (source.length < 100) assert.equal(compiled.at, at, source);
    if (remedy !== undefined) assert.match(compiled.remedy ?? '', remedy, source);
  }
});

test('a condition knows which variables and fields it reads', () => {
  const compiled = compile('args.user.name == "x" && has(args.path) && caller.key in args.list["k"]');
  assert.ok(compiled.ok);
  assert.deepEqual([...compiled.condition.uses].sort(), ['args', 'caller']);
  const paths = compiled.condition.reads.map(({ path }) => path.join('.'));
  assert.deepEqual(paths.sort(), ['list', 'list.k', 'path', 'user', 'user.name']);
});

test('arguments that would cost too much give no answer instead of costing it', () => {
  const many = JSON.stringify({ l: Array(50_000).fill('x'), text: 'y'.repeat(100_000) });
  const tooMuch = /too large for this condition/;
  assert.match(String(decide('args.l.all(a, args.l.all(b, a == b))', many)), tooMuch);
  assert.match(String(decide('args.l.exists(a, args.text.contains(a + "z"))', many)), tooMuch);
  assert.match(String(decide('args.text.split("").all(c, c == args.text)', many)), tooMuch);
  assert.equal(decide('args.text.matches("^(y+)+$")', many), true);
  assert.match(String(decide('args.text.matches("(y?){200}z")', many)), tooMuch);
  // One of them is allowed, twenty of them are twenty times the work.
  const one = 'args.text.matches("(x{0,40})z")';
  assert.equal(decide(one, many), false);
  assert.match(String(decide(Array(20).fill(one).join(' || '), many)), tooMuch);
});
