/** The policy section: what it becomes, and what is said of a mistake in it, with its place. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse-config.ts';

function parse(policy: unknown) {
  const text = JSON.stringify({ mcpServers: { github: { command: 'x' } }, policy });
  return { text, result: parseConfig(text, { file: 'portcullis.json', env: {} }) };
}

function complaints(policy: unknown): string[] {
  const { result } = parse(policy);
  const problems = result.ok ? result.warnings : result.problems;
  return problems.map(({ path, message, remedy }) => `${path}: ${message}${remedy ? ` -> ${remedy}` : ''}`);
}

test('a policy becomes rules, defaults and annotations, with what is left out filled in', () => {
  const { result } = parse({
    defaults: { destructive: 'ask' },
    rules: [{ name: 'r', action: 'deny', targets: ['github/push'], when: 'args.force' }],
    annotations: [{ targets: ['github/get_*'], readOnly: true }],
  });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(result.config.policy, {
    defaults: { readOnly: 'allow', write: 'allow', destructive: 'ask', unannotated: 'ask' },
    rules: [
      { name: 'r', action: 'deny', keys: undefined, targets: ['github/push'], when: 'args.force', message: undefined },
    ],
    annotations: [
      {
        targets: ['github/get_*'],
        readOnly: true,
        destructive: undefined,
        idempotent: undefined,
        openWorld: undefined,
      },
    ],
  });
});

test('a policy that can refuse nothing is none, so that calls do not pay for it', () => {
  for (const policy of [{}, { rules: [] }, { defaults: {} }, { rules: [{ name: 'a', action: 'allow' }] }]) {
    const { result } = parse(policy);
    assert.ok(result.ok && result.config.policy === undefined, JSON.stringify(policy));
  }
});

const RULE_FIELDS = 'name, action, keys, targets, when, message';

test('every mistake is named with its field, its reason and a remedy', () => {
  const rule = { name: 'r', action: 'deny' };
  const refused: readonly (readonly [policy: unknown, ...complaints: string[]])[] = [
    [[], 'policy: expected an object {…}, got a list […] -> write { "rules": […] }'],
    [{ rulez: [] }, 'policy.rulez: unknown field; known here: rules, defaults, annotations -> did you mean "rules"?'],
    [
      { rules: {} },
      'policy.rules: expected a list […], got an object {…} -> write [{ "name": …, "action": "deny", "targets": ["server/name"] }]',
    ],
    [{ rules: [{ action: 'deny' }] }, 'policy.rules[0].name: is missing; expected a string'],
    [
      { rules: [{ ...rule, action: 'dney' }] },
      'policy.rules[0].action: expected one of "allow", "ask", "deny" -> did you mean "deny"?',
    ],
    [
      { rules: [{ ...rule, wen: '' }] },
      `policy.rules[0].wen: unknown field; known here: ${RULE_FIELDS} -> did you mean "when"?`,
    ],
    [
      { rules: [rule, rule] },
      'policy.rules[1].name: is the name of policy.rules[0] too -> give each rule its own name',
    ],
    [
      { rules: [{ ...rule, name: 'defaults.x' }] },
      'policy.rules[0].name: begins like the name of a default -> choose another name',
    ],
    [{ rules: [{ ...rule, keys: [] }] }, 'policy.rules[0].keys: names nobody -> leave it out to mean every caller'],
    [
      { rules: [{ ...rule, targets: ['github/'] }] },
      'policy.rules[0].targets[0]: names nothing after "/" -> add a name, or * for all',
    ],
    [
      { rules: [{ ...rule, targets: ['gihtub/x'] }] },
      'policy.rules[0].targets[0]: there is no server with this id -> did you mean "github"?',
    ],
    [
      { rules: [{ ...rule, when: 'has(args.x) && calller.key == "x"' }] },
      'policy.rules[0].when: character 16: unknown variable: calller -> did you mean "caller"?',
    ],
    [
      { rules: [{ ...rule, message: 'hello' }] },
      'policy.rules[0].message: nobody is told: the rule denies whatever the call holds, so what it denies is hidden -> say it in a comment; or look at args, now or request in "when"',
    ],
    [
      { annotations: [{ targets: ['github'] }] },
      'policy.annotations[0]: says nothing of these tools -> add e.g. "readOnly": true, or take it out',
    ],
    [
      { annotations: [{ targets: ['github'], readOnly: true, destructive: true }] },
      'policy.annotations[0]: what is read-only cannot be destructive -> keep one of the two',
    ],
  ];
  for (const [policy, ...expected] of refused) assert.deepEqual(complaints(policy), expected);
});

test('a mistake in a condition is pointed at in the file, where its characters stand for themselves', () => {
  const { text, result } = parse({ rules: [{ name: 'r', action: 'deny', when: 'args.a && nobody' }] });
  assert.ok(!result.ok);
  assert.equal(text.slice((result.problems[0]?.column ?? 0) - 1).slice(0, 6), 'nobody');
});
