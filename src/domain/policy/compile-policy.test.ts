/** What the rules promise: order means nothing, allowing never widens a denial, no answer never allows. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { POLICY_ACTIONS, type PolicyConfig, type PolicyRule } from '../../contracts/policy.ts';
import { compilePolicy, decidePlan, type KnownTarget, type Ruling } from './compile-policy.ts';
import { readArguments } from './read-arguments.ts';

const ALLOWED = { readOnly: 'allow', write: 'allow', destructive: 'allow', unannotated: 'allow' } as const;

function rule(fields: Partial<PolicyRule> & Pick<PolicyRule, 'action'>): PolicyRule {
  return { name: 'r', keys: undefined, targets: undefined, when: undefined, message: undefined, ...fields };
}
function policyOf(rules: readonly PolicyRule[], others: Partial<PolicyConfig> = {}) {
  return compilePolicy({ rules, defaults: ALLOWED, annotations: [], ...others });
}
function tool(name: string, annotations?: object): KnownTarget {
  const definition = JSON.stringify({ name, annotations });
  return { kind: 'tool', serverId: 'github', name, exposed: `github__${name}`, definition };
}

const REQUEST = { now: new Date('2026-11-22T10:00:00Z'), request: { endpoint: '/mcp', toolset: '' } };

function ruling(policy: ReturnType<typeof policyOf>, key: string, target: KnownTarget, args: string): Ruling {
  const plan = policy.plan(key, target);
  return decidePlan(plan, () => {
    const read = readArguments(args, policy.rules);
    assert.ok('reading' in read);
    const { value, ...size } = read.reading;
    return { values: { ...REQUEST, args: value }, size };
  });
}

const when = fc.constantFrom(
  undefined,
  'args.n > 5',
  'args.missing == 1',
  'tool.destructive',
  'caller.key == "ops"',
  'has(args.n) && caller.key != "ops"',
  'request.endpoint == "/mcp"',
  'call.name.startsWith("delete")',
);
const anyRule = fc
  .record({
    action: fc.constantFrom(...POLICY_ACTIONS),
    when,
    keys: fc.constantFrom(undefined, ['ops'], ['ci-*'], ['*']),
    targets: fc.constantFrom(undefined, ['github'], ['github/delete_*'], ['tool:*/get_*'], ['prompt:github']),
  })
  .map((fields) => rule(fields));
const anyRules = fc.array(anyRule, { maxLength: 6 }).map((rules) => rules.map((r, i) => ({ ...r, name: `r${i}` })));
const anyDefaults = fc.record({
  readOnly: fc.constantFrom(...POLICY_ACTIONS),
  write: fc.constantFrom(...POLICY_ACTIONS),
  destructive: fc.constantFrom(...POLICY_ACTIONS),
  unannotated: fc.constantFrom(...POLICY_ACTIONS),
});
const anyCall = fc.record({
  key: fc.constantFrom('ops', 'ci-1', 'dev'),
  target: fc.constantFrom(
    tool('delete_repo', { destructiveHint: true }),
    tool('get_repo', { readOnlyHint: true }),
    tool('make_issue', { destructiveHint: false }),
    tool('odd'),
  ),
  args: fc.constantFrom('{}', '{"n":6}', '{"n":1}', '{"n":"six"}'),
});
const STRICT = ['allow', 'ask', 'deny'];

test('the order of rules means nothing', () => {
  fc.assert(
    fc.property(anyRules, anyDefaults, anyCall, fc.nat(), (rules, defaults, { key, target, args }, turn) => {
      const turned = rules.map((_, i) => rules[(i + turn) % rules.length] ?? rules[0]).filter((r) => r !== undefined);
      const action = (list: readonly PolicyRule[]) => ruling(policyOf(list, { defaults }), key, target, args).action;
      assert.equal(action(turned), action(rules));
      assert.equal(action(rules.toReversed()), action(rules));
    }),
  );
});

test('no rule that allows ever undoes one that denies or asks', () => {
  fc.assert(
    fc.property(anyRules, anyRule, anyCall, (rules, more, { key, target, args }) => {
      const before = ruling(policyOf(rules), key, target, args);
      const after = ruling(policyOf([...rules, { ...more, name: 'more', action: 'allow' }]), key, target, args);
      assert.equal(after.action, before.action);
      const denied = ruling(policyOf([...rules, { ...more, name: 'more', action: 'deny' }]), key, target, args);
      assert.ok(STRICT.indexOf(denied.action) >= STRICT.indexOf(before.action));
    }),
  );
});

test('a plan decides as its rules judge one by one', () => {
  fc.assert(
    fc.property(anyRules, anyDefaults, anyCall, (rules, defaults, { key, target, args }) => {
      const policy = policyOf(rules, { defaults });
      const read = readArguments(args, policy.rules);
      assert.ok('reading' in read);
      const { value, ...size } = read.reading;
      const reports = policy.explain(key, target, { values: { ...REQUEST, args: value }, size });
      const fitting = reports.filter(
        ({ rule: { action }, judgement }) =>
          judgement.fits === 'yes' || (judgement.fits === 'unknown' && action !== 'allow'),
      );
      const decided = ruling(policy, key, target, args);
      const strictest = fitting.map((each) => STRICT.indexOf(each.rule.action)).reduce((a, b) => Math.max(a, b), -1);
      if (strictest >= 0) assert.equal(decided.action, STRICT[strictest]);
      else assert.match(decided.rule ?? '', /^defaults\./);
    }),
  );
});

test('a condition without an answer denies where it would deny, asks where it would ask, and never allows', () => {
  const target = tool('odd');
  const when = 'args.path.startsWith("/tmp")';
  const of = (action: PolicyRule['action'], defaults: PolicyConfig['defaults'] = ALLOWED) =>
    ruling(policyOf([rule({ action, when })], { defaults }), 'k', target, '{}');
  assert.deepEqual(of('deny'), { action: 'deny', rule: 'r', message: undefined, problem: 'no such key: path' });
  assert.deepEqual(of('ask'), { action: 'ask', rule: 'r', message: undefined, problem: 'no such key: path' });
  assert.equal(of('allow', { ...ALLOWED, unannotated: 'deny' }).action, 'deny');
  assert.equal(of('allow', { ...ALLOWED, unannotated: 'deny' }).problem, 'rule "r": no such key: path');
});

test('annotations count as the protocol means them, and the operator knows better', () => {
  const defaults = { readOnly: 'allow', write: 'allow', destructive: 'deny', unannotated: 'ask' } as const;
  const action = (target: KnownTarget, annotations: PolicyConfig['annotations'] = []) =>
    ruling(policyOf([], { defaults, annotations }), 'k', target, '{}').action;
  assert.equal(action(tool('a', { readOnlyHint: true, destructiveHint: true })), 'allow');
  assert.equal(action(tool('a', { readOnlyHint: false })), 'deny');
  assert.equal(action(tool('a', { destructiveHint: false })), 'allow');
  assert.equal(action(tool('a', { title: 'A' })), 'ask');
  const known = { targets: ['github/a'], destructive: undefined, idempotent: undefined, openWorld: undefined };
  assert.equal(action(tool('a', { readOnlyHint: true }), [{ ...known, readOnly: false }]), 'deny');
  assert.equal(action(tool('a'), [{ ...known, readOnly: true }]), 'allow');
});

test('what is settled without the call is known before it: only then a denial hides', () => {
  const plan = (rules: readonly PolicyRule[]) => policyOf(rules).plan('k', tool('delete_repo'));
  assert.equal(plan([rule({ action: 'deny', when: 'tool.destructive' })]).type, 'settled');
  assert.equal(plan([rule({ action: 'deny', when: 'args.n == 1' })]).type, 'open');
  assert.equal(plan([rule({ action: 'deny', targets: ['other'], when: 'args.n == 1' })]).type, 'settled');
});

test('a rule that asks about a tool leaves prompts and resources alone', () => {
  const policy = policyOf([rule({ action: 'deny', when: '!tool.readOnly' })]);
  const prompt: KnownTarget = { kind: 'prompt', serverId: 'github', name: 'p', exposed: 'p', definition: undefined };
  assert.equal(ruling(policy, 'k', prompt, '{}').action, 'allow');
});

test('arguments that two readers could read differently are refused, not judged', () => {
  const { rules } = policyOf([rule({ action: 'deny', when: 'args.user.name == "root" && args.path != ""' })]);
  const fault = (text: string) => {
    const read = readArguments(text, rules);
    return 'fault' in read ? read.fault : undefined;
  };
  assert.match(fault('{"path":"/a","path":"/b"}') ?? '', /stands twice/);
  assert.match(fault('{"x":{"y":1,"y":2}}') ?? '', /stands twice/);
  assert.match(fault('{"Path":"/etc"}') ?? '', /"Path" must be written "path"/);
  assert.match(fault('{"user":{"NAME":"root"}}') ?? '', /"NAME" must be written "name"/);
  assert.match(fault('[1]') ?? '', /must be an object/);
  assert.equal(fault('{"other":{"Path":1},"user":{"name":"x"}}'), undefined);
});
