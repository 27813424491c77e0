/** Rules on calls in the pipeline: what is refused, what is hidden, what the trail keeps, and that a swap changes it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyConfig, PolicyRule } from '../contracts/policy.ts';
import { createHarness, type Harness, offerOf, type ToolSpec } from './fixtures/harness.ts';

const ALLOWED = { readOnly: 'allow', write: 'allow', destructive: 'allow', unannotated: 'allow' } as const;

function policyOf(...rules: (Partial<PolicyRule> & Pick<PolicyRule, 'name' | 'action'>)[]): PolicyConfig {
  const blank = { keys: undefined, targets: undefined, when: undefined, message: undefined };
  return { rules: rules.map((rule) => ({ ...blank, ...rule })), defaults: ALLOWED, annotations: [] };
}

function toolSpec(name: string, annotations: object): ToolSpec {
  return { name, text: JSON.stringify({ name, inputSchema: { type: 'object' }, annotations }) };
}

function harnessWith(policy: PolicyConfig): Harness {
  const harness = createHarness(
    {
      git: offerOf({
        tools: [{ name: 'push' }, toolSpec('log', { readOnlyHint: true }), toolSpec('drop', { destructiveHint: true })],
        prompts: ['review'],
        resources: ['file:///etc/passwd', 'file:///readme'],
      }),
    },
    { config: { policy } },
  );
  harness.keys.add('ops', { allow: ['*'], deny: [] });
  harness.gateway.refreshKeys();
  return harness;
}

const push = (args: string) => ({ name: 'git__push', params: `{"name":"git__push","arguments":${args}}` });
const toolsOf = ({ text }: { text: string }): string[] =>
  (JSON.parse(text) as { tools: { name: string }[] }).tools.map(({ name }) => name);

test('a rule on arguments refuses the call before its intent is written, and says which rule and why', async () => {
  const harness = harnessWith(
    policyOf({ name: 'no-force', action: 'deny', targets: ['git/push'], when: 'args.force', message: 'use a branch' }),
  );
  await assert.rejects(harness.call('tools.call', push('{"force":true}')), {
    code: 'denied_by_policy',
    message: 'A rule does not allow this call: rule "no-force"; use a branch',
    data: { rule: 'no-force', verdict: 'deny' },
  });
  await assert.rejects(harness.call('tools.call', push('{}')), /could not be decided.*no such key: force/);
  await harness.call('tools.call', push('{"force":false}'));
  assert.equal(harness.servers.get('git')?.requests.length, 1);
  const [first, second, ...rest] = harness.trail.events;
  assert.deepEqual(
    [first?.type, first?.result, first?.error, first?.policy],
    ['record', 'refused', 'denied_by_policy', { verdict: 'deny', rule: 'no-force' }],
  );
  assert.deepEqual(second?.policy, { verdict: 'deny', rule: 'no-force', problem: 'no such key: force' });
  assert.deepEqual(
    rest.map(({ type, policy }) => [type, policy]),
    [
      ['intend', undefined],
      ['finish', undefined],
    ],
  );
});

test('asking refuses with its own error where nobody can approve', async () => {
  const harness = harnessWith(policyOf({ name: 'two-eyes', action: 'ask', targets: ['git/push'] }));
  assert.ok(toolsOf(await harness.call('tools.list')).includes('git__push'));
  await assert.rejects(harness.call('tools.call', push('{}')), {
    code: 'approval_required',
    message: /rule "two-eyes"; only calls of tools can be approved/,
  });
  assert.deepEqual(harness.trail.events.at(-1)?.policy, { verdict: 'ask', rule: 'two-eyes' });
});

test('what a key is denied whatever the call holds is hidden from it like what is missing, and only the trail knows', async () => {
  const harness = harnessWith(
    policyOf({ name: 'ops-only', action: 'deny', when: 'tool.destructive && caller.key != "ops"' }),
  );
  assert.deepEqual(toolsOf(await harness.call('tools.list')), ['git__log']);
  assert.deepEqual(toolsOf(await harness.call('tools.list', { key: 'ops' })), ['git__drop', 'git__log', 'git__push']);
  const errorOf = (name: string) =>
    harness.call('tools.call', { name }).then(
      () => assert.fail('was called'),
      (error: { code: string; message: string }) => [error.code, error.message.replace(name, 'NAME')],
    );
  assert.deepEqual(await errorOf('git__drop'), await errorOf('git__nope'));
  const [hidden, missing] = harness.trail.events.slice(-2);
  assert.deepEqual([hidden?.policy, hidden?.serverId], [{ verdict: 'deny', rule: 'ops-only' }, 'git']);
  assert.deepEqual([missing?.policy, missing?.serverId], [undefined, undefined]);
  await harness.call('tools.call', { name: 'git__drop', key: 'ops' });
});

test('prompts and resources are judged by name and URI', async () => {
  const harness = harnessWith(
    policyOf(
      { name: 'no-etc', action: 'deny', targets: ['resource:git/file:///etc/*'] },
      { name: 'short', action: 'deny', targets: ['prompt:git'], when: 'size(args.text) > 3' },
    ),
  );
  await assert.rejects(harness.call('resources.read', { name: 'file:///etc/passwd', endpoint: 'git' }), {
    code: 'unknown_resource',
  });
  assert.equal(harness.trail.events.at(-1)?.policy?.rule, 'no-etc');
  await harness.call('resources.read', { name: 'file:///readme', endpoint: 'git' });
  const prompt = (text: string) => ({
    name: 'git__review',
    params: `{"name":"git__review","arguments":{"text":"${text}"}}`,
  });
  await assert.rejects(harness.call('prompts.get', prompt('long')), { code: 'denied_by_policy' });
  await harness.call('prompts.get', prompt('ok'));
});

test('arguments that a server could read differently are refused where a rule reads them, and only there', async () => {
  const harness = harnessWith(
    policyOf({ name: 'no-force', action: 'deny', targets: ['git/push'], when: 'args.force' }),
  );
  await assert.rejects(harness.call('tools.call', push('{"force":false,"Force":true}')), { code: 'invalid_params' });
  const nested = '{"force":false,"x":{"a":1,"a":2}}';
  await assert.rejects(harness.call('tools.call', push(nested)), { code: 'invalid_params' });
  await harness.call('tools.call', { name: 'git__log', params: `{"name":"git__log","arguments":${nested}}` });
});

test('the time and the endpoint count', async () => {
  const harness = harnessWith(
    policyOf(
      { name: 'later', action: 'deny', targets: ['git/log'], when: 'now < timestamp("1970-01-01T00:00:05Z")' },
      { name: 'own-door', action: 'deny', targets: ['git/push'], when: 'request.endpoint != "/mcp/git"' },
    ),
  );
  await assert.rejects(harness.call('tools.call', { name: 'git__log' }), { code: 'denied_by_policy' });
  harness.keys.nowMs = 6_000;
  await harness.call('tools.call', { name: 'git__log' });
  await assert.rejects(harness.call('tools.call', { name: 'git__push' }), { code: 'denied_by_policy' });
  await harness.call('tools.call', { name: 'push', endpoint: 'git' });
});

test('a call in flight ends under the rules it began with; the next one meets the new ones', async () => {
  const harness = harnessWith(policyOf({ name: 'other', action: 'deny', targets: ['git/drop'] }));
  const git = harness.servers.get('git');
  assert.ok(git !== undefined);
  const gate = Promise.withResolvers<{ type: 'result'; text: string }>();
  git.answer = () => gate.promise;
  const inFlight = harness.call('tools.call', push('{}'));
  harness.gateway.swap(harness.config({ policy: policyOf({ name: 'none', action: 'deny', targets: ['git/push'] }) }));
  await assert.rejects(harness.call('tools.call', push('{}')), { code: 'unknown_tool' });
  assert.deepEqual(toolsOf(await harness.call('tools.list')), ['git__drop', 'git__log']);
  gate.resolve({ type: 'result', text: '{"content":[]}' });
  assert.equal((await inFlight).type, 'result');
  assert.equal(git.requests.length, 1);
});

test('watchers learn that a swap of rules changed their list', () => {
  const harness = harnessWith(policyOf());
  const told: string[] = [];
  const caller = harness.gateway.identify({ source: 'authorization', token: 'ops' });
  harness.gateway.watch({
    caller,
    endpoint: { type: 'all' },
    narrowing: { servers: undefined, tools: undefined },
    onEvent: (event) => told.push(event.type === 'list-changed' ? event.list : event.type),
  });
  harness.gateway.swap(harness.config({ policy: policyOf({ name: 'x', action: 'deny', targets: ['git/drop'] }) }));
  assert.deepEqual(told, ['tools']);
});
