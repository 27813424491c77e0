import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReasoningWish } from '../../../contracts/chat.ts';
import { createDropped } from '../dropped.ts';
import { thinkingOf } from './thinking.ts';

const NEW = 'eu.anthropic.claude-sonnet-4-6-v1:0';
const OLD = 'anthropic.claude-opus-4-1-20250805-v1:0';
const OTHER = 'amazon.nova-pro-v1:0';

function say(wish: ReasoningWish, model: string, maxOutputTokens?: number) {
  const dropped = createDropped();
  return { ...thinkingOf(wish, model, maxOutputTokens, dropped), dropped: dropped.paths };
}

test('a Claude that weighs it itself gets the effort, and thinks adaptively', () => {
  const { fields, effort } = say({ enabled: true, effort: 'xhigh', show: true }, NEW);
  assert.deepEqual(fields, { thinking: { type: 'adaptive', display: 'summarized' } });
  assert.equal(effort, 'xhigh');
});

test('a Claude that counts tokens gets a budget for the effort, of which enough is left for the answer', () => {
  assert.deepEqual(say({ enabled: true, effort: 'high' }, OLD).fields, {
    thinking: { type: 'enabled', budget_tokens: 16_384 },
  });
  assert.deepEqual(say({ enabled: true, effort: 'high' }, OLD, 4_000).fields, {
    thinking: { type: 'enabled', budget_tokens: 3_000 },
  });
  const tight = say({ enabled: true, effort: 'high' }, OLD, 1_000);
  assert.deepEqual([tight.fields, tight.dropped], [{}, ['reasoning.effort']]);
});

test('a budget that the caller chose is not changed', () => {
  for (const model of [NEW, OLD])
    assert.deepEqual(say({ enabled: true, budgetTokens: 2_000 }, model, 2_500).fields, {
      thinking: { type: 'enabled', budget_tokens: 2_000 },
    });
});

test('other models get the effort, and what they have no word for is named', () => {
  assert.deepEqual(say({ enabled: true, effort: 'minimal', budgetTokens: 5 }, OTHER), {
    ...{ fields: {}, effort: 'low', dropped: ['reasoning.budget_tokens'] },
  });
  assert.deepEqual(say({ enabled: false }, OTHER).dropped, ['reasoning']);
  assert.deepEqual(say({ enabled: false }, NEW).fields, { thinking: { type: 'disabled' } });
});
