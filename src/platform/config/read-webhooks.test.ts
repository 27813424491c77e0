import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse-config.ts';

const SECRET = 'whsec_0123456789abcdef';
const parse = (webhooks: unknown) =>
  parseConfig(JSON.stringify({ webhooks }), { file: '/portcullis.json', env: { HOOK: SECRET } });
const problems = (webhooks: unknown): string[] => {
  const result = parse(webhooks);
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
};

test('a webhook is told of all events unless it names some, and its secret is a secret', () => {
  const result = parse({
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the configuration
    all: { url: 'https://example.com/hook?a=1', secret: '${env:HOOK}' },
    some: { url: 'http://127.0.0.1:9000', secret: SECRET, events: ['budget.exceeded'] },
  });
  assert.ok(result.ok);
  const hooks = result.config.webhooks?.map(({ name, url, secret, events }) => ({
    ...{ name, url, secret: secret.open(), events },
  }));
  assert.deepEqual(hooks, [
    ...[
      {
        name: 'all',
        url: 'https://example.com/hook?a=1',
        secret: SECRET,
        events: ['budget.threshold', 'budget.exceeded', 'approval.requested', 'approval.decided'],
      },
    ],
    ...[{ name: 'some', url: 'http://127.0.0.1:9000', secret: SECRET, events: ['budget.exceeded'] }],
  ]);
  assert.ok(!JSON.stringify(result.config).includes(SECRET));
});

test('what would send events in clear, to nowhere, or without a good secret is refused', () => {
  const hook = { url: 'https://example.com', secret: SECRET };
  for (const [webhooks, said] of [
    [{ a: { ...hook, url: 'http://example.com' } }, /webhooks\.a\.url: would send events in clear/],
    [{ a: { ...hook, url: 'http://localhost.example.com' } }, /in clear/],
    [{ a: { ...hook, url: 'ftp://example.com' } }, /is no http address/],
    [{ a: { ...hook, url: 'https://me:you@example.com' } }, /user name or password/],
    [{ a: { ...hook, secret: 'short' } }, /webhooks\.a\.secret: is too short/],
    [{ a: { ...hook, events: ['budget.treshold'] } }, /events\[0\]: expected one of/],
    [{ a: { ...hook, events: [] } }, /is empty/],
    [{ a: { ...hook, retries: 3 } }, /retries: unknown field/],
    [{ a: { url: 'https://example.com' } }, /secret: is missing/],
    [{ 'a b': hook }, /is no name for a webhook/],
    [[hook], /expected an object/],
  ] as const)
    assert.match(problems(webhooks).join('\n'), said, JSON.stringify(webhooks));
});

test('limits of a key in the file may name targets, roll, alert; a time zone nobody knows is refused', () => {
  const read = (limits: unknown) =>
    parseConfig(JSON.stringify({ keys: [{ name: 'k', value: 'pck_0123456789abcdef', allow: ['*'], limits }] }), {
      ...{ file: '/portcullis.json', env: {} },
    });
  const good = read({
    requests: [{ max: 5, per: 'minute', on: ['github/create_*'] }],
    budgets: [{ maxUsd: 2, per: 'month', rolling: true, alertAt: [1, 0.5], on: ['model:openai/*'] }],
  });
  assert.ok(good.ok);
  assert.deepEqual(good.config.keys[0]?.limits, {
    requests: [{ max: 5, per: 'minute', on: ['github/create_*'] }],
    ...{ tokens: [], toolCalls: [], maxConcurrent: undefined },
    budgets: [
      {
        maxMicroUsd: 2_000_000,
        per: 'month',
        timeZone: 'UTC',
        rolling: true,
        alertAt: [0.5, 1],
        on: ['model:openai/*'],
      },
    ],
  });
  const bad = read({
    requests: [{ max: 5, per: 'minute', on: ['tol:github'] }],
    budgets: [{ maxUsd: 2, per: 'day', timeZone: 'Mars/Olympus' }],
  });
  assert.ok(!bad.ok);
  assert.match(bad.problems.map(({ message }) => message).join('\n'), /begins with no kind there is/);
  assert.match(bad.problems.map(({ message }) => message).join('\n'), /is no time zone/);
});
