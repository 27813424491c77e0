import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AssistantPart, ChatEvent, ChatMessage } from '../../contracts/chat.ts';
import type { AgentRules } from '../../contracts/runs.ts';
import { addUsage } from './add-usage.ts';
import { type AgentHints, compileAgentRules } from './agent-rules.ts';
import { boundReached } from './bound-reached.ts';
import { createPartCollector } from './collect-parts.ts';
import { broughtResults, putBack, type RunWait, type ToolMessage } from './put-back.ts';
import { readToolResult } from './tool-result.ts';

const anyRules: fc.Arbitrary<AgentRules> = fc.record({
  mode: fc.constantFrom('on', 'off'),
  auto: fc.subarray(['*', 'files', 'files/read', 'mail/*', '*/read*', 'files__write']),
  onlyIf: fc.subarray(['readOnly', 'idempotent', 'notDestructive', 'closedWorld'] as const),
  maxRounds: fc.integer({ min: 1, max: 20 }),
  maxCalls: fc.integer({ min: 1, max: 20 }),
  maxTokens: fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined }),
  maxCostMicroUsd: fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined }),
  maxDurationMs: fc.integer({ min: 1_000, max: 9_000 }),
});
const anyHints: fc.Arbitrary<AgentHints> = fc.record({
  ...{ readOnly: fc.boolean(), idempotent: fc.boolean(), destructive: fc.boolean(), openWorld: fc.boolean() },
});
const anyTool = fc.constantFrom(['files', 'read'], ['files', 'write'], ['mail', 'send'], ['mail', 'read_all']);

test('levels above a key only take away from its agent mode', () => {
  fc.assert(
    fc.property(
      anyRules,
      fc.array(anyRules, { maxLength: 3 }),
      anyTool,
      anyHints,
      (own, bounds, [server = '', name = ''], hints) => {
        const within = compileAgentRules(own, bounds);
        const each = [own, ...bounds].map((rules) => compileAgentRules(rules, []));
        const isFree = each.every((rules) => rules.hindranceOf(server, name, hints) === undefined);
        assert.equal(within.hindranceOf(server, name, hints) === undefined, isFree);
        assert.equal(
          within.mode === 'on',
          each.every(({ mode }) => mode === 'on'),
        );
        for (const bound of ['maxRounds', 'maxCalls', 'maxTokens', 'maxCostMicroUsd', 'maxDurationMs'] as const)
          assert.equal(within[bound] ?? Infinity, Math.min(...each.map((rules) => rules[bound] ?? Infinity)), bound);
      },
    ),
  );
});

test('a tool of no pattern is never run, and each condition is needed', () => {
  const safe: AgentHints = { readOnly: true, idempotent: true, destructive: false, openWorld: false };
  const rules: AgentRules = {
    ...{ mode: 'on', auto: ['files/*'], onlyIf: ['readOnly', 'closedWorld'], maxRounds: 1, maxCalls: 1 },
    maxDurationMs: 1,
  };
  const { hindranceOf } = compileAgentRules(rules, []);
  assert.equal(hindranceOf('files', 'read', safe), undefined);
  assert.equal(hindranceOf('mail', 'read', safe), 'pattern');
  assert.equal(hindranceOf('files', 'read', { ...safe, readOnly: false }), 'readOnly');
  assert.equal(hindranceOf('files', 'read', { ...safe, openWorld: true }), 'closedWorld');
});

test('no bound is ever passed, and each is named', () => {
  const bounds = { maxRounds: 3, maxCalls: 5, maxTokens: 100, maxCostMicroUsd: 50, maxDurationMs: 1_000 };
  const spent = { rounds: 1, calls: 1, tokens: 1, costMicroUsd: 1, elapsedMs: 1 };
  assert.equal(boundReached(bounds, spent, 4), undefined);
  assert.equal(boundReached(bounds, { ...spent, rounds: 3 }, 1), 'max-rounds');
  assert.equal(boundReached(bounds, spent, 5), 'max-calls');
  assert.equal(boundReached(bounds, { ...spent, tokens: 100 }, 1), 'max-tokens');
  assert.equal(boundReached(bounds, { ...spent, costMicroUsd: 50 }, 1), 'max-cost');
  assert.equal(boundReached(bounds, { ...spent, elapsedMs: 1_000 }, 1), 'max-duration');
});

const callOf = (id: string): AssistantPart => ({ type: 'tool-call', id, name: `n-${id}`, arguments: '{}' });
const resultOf = (callId: string): ToolMessage => ({
  role: 'tool',
  callId,
  parts: [{ type: 'text', text: `r-${callId}` }],
});
const user = (text: string): ChatMessage => ({ role: 'user', parts: [{ type: 'text', text }] });

test('whatever was left to the caller, its results stand where the model made the calls, in their order', () => {
  const anyWait = fc.record({
    calls: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }).filter((left) => left.includes(true)),
    rounds: fc.nat(2),
    order: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(anyWait, { minLength: 1, maxLength: 3 }), fc.boolean(), (specs, more) => {
      const whole: ChatMessage[] = [user('go')];
      const seen: ChatMessage[] = [user('go')];
      const waits: RunWait[] = specs.map(({ calls, rounds, order }, w) => {
        const ids = calls.map((_, i) => `w${w}c${i}`);
        const pending = ids.filter((_, i) => calls[i]);
        const early = Array.from({ length: rounds }, (_, i): ChatMessage[] => [
          { role: 'assistant', parts: [callOf(`w${w}h${i}`)] },
          resultOf(`w${w}h${i}`),
        ]).flat();
        const hidden: ChatMessage[] = [...early, { role: 'assistant', parts: ids.map(callOf) }];
        whole.push(...hidden, ...ids.map(resultOf));
        seen.push({ role: 'assistant', parts: pending.map(callOf) });
        seen.push(...(order ? pending : pending.toReversed()).map(resultOf));
        return { pending, hidden, results: ids.filter((_, i) => !calls[i]).map(resultOf) };
      });
      const end = more ? [user('and?')] : [];
      assert.deepEqual(putBack([...seen, ...end], waits), { type: 'messages', messages: [...whole, ...end] });
    }),
  );
});

test('results that are missing, twice there, or of no call are named', () => {
  const waits: RunWait[] = [
    { pending: ['a', 'b'], hidden: [{ role: 'assistant', parts: ['a', 'b'].map(callOf) }], results: [] },
  ];
  const bring = (...ids: string[]) => {
    const put = putBack(
      [user('go'), { role: 'assistant', parts: ['a', 'b'].map(callOf) }, ...ids.map(resultOf)],
      waits,
    );
    return put.type === 'conflict' ? put.reason : 'fine';
  };
  assert.equal(bring('b', 'a'), 'fine');
  assert.match(bring('a'), /missing for "b"/);
  assert.match(bring('a', 'a'), /two results for the call "a"/);
  assert.match(bring('a', 'x'), /nobody waits for a result of "x"/);
  const gone = putBack([user('go')], waits);
  assert.match(gone.type === 'conflict' ? gone.reason : '', /not there any more/);
});

test('only results at the end of a conversation go on with a run', () => {
  const called: ChatMessage = { role: 'assistant', parts: [callOf('a')] };
  assert.deepEqual(broughtResults([user('go'), called, resultOf('a'), user('and?')]), ['a']);
  assert.deepEqual(broughtResults([called, resultOf('a'), { role: 'assistant', parts: [] }, user('more')]), []);
});

test('what a stream said is gathered whole, however it was cut', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 5 }), (text, args, size) => {
      const cut = (whole: string): string[] => whole.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      const events: ChatEvent[] = [
        { type: 'part-start', choice: 0, part: 0, value: { type: 'text', text: '' } },
        { type: 'part-start', choice: 0, part: 1, value: { type: 'tool-call', id: 'c', name: 'n', arguments: '' } },
        ...cut(text).map((piece): ChatEvent => ({ type: 'delta', choice: 0, part: 0, text: piece })),
        ...cut(args).map((piece): ChatEvent => ({ type: 'delta', choice: 0, part: 1, text: piece })),
        { type: 'signature', choice: 0, part: 1, signature: 'sig' },
        { type: 'part-start', choice: 1, part: 0, value: { type: 'text', text: 'another' } },
      ];
      const collector = createPartCollector();
      for (const event of events) collector.take(event);
      assert.deepEqual(collector.parts(), [
        { type: 'text', text },
        { type: 'tool-call', id: 'c', name: 'n', arguments: args, signature: 'sig' },
      ]);
    }),
  );
});

test('counts are summed; what nobody told stays untold', () => {
  const sum = addUsage(
    { inputTokens: 1, outputTokens: 2, cachedTokens: 3 },
    { inputTokens: 10, outputTokens: 20, estimated: true },
  );
  assert.deepEqual(sum, { inputTokens: 11, outputTokens: 22, cachedTokens: 3, estimated: true });
  assert.equal(addUsage(undefined, undefined), undefined);
});

test('a model is told the text of a result, of other blocks what they are, and never more than a bound', () => {
  const read = (value: object) => readToolResult('result', JSON.stringify(value));
  const blocks = [
    { type: 'text', text: 'one' },
    { type: 'image', data: 'AAAA', mimeType: 'image/png' },
    { type: 'resource', resource: { uri: 'a:b', text: 'inner' } },
    { type: 'resource_link', name: 'n', uri: 'c:d' },
  ];
  assert.equal(read({ content: blocks }).text, 'one\n[image image/png, 3 bytes]\ninner\n[resource n c:d]');
  assert.equal(read({ content: [], structuredContent: { a: 1 } }).text, '{"a":1}');
  assert.equal(read({ content: [], isError: true }).isError, true);
  assert.equal(read({ resultType: 'input_required' }).isError, true);
  assert.deepEqual(readToolResult('rpc-error', '{"code":-1,"message":"no"}'), { text: 'no', isError: true });
  assert.equal(readToolResult('result', 'x').isError, true);
  assert.ok(read({ content: [{ type: 'text', text: 'x'.repeat(300_000) }] }).text.length < 200_200);
});
