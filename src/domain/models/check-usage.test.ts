import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Usage } from '../../contracts/chat.ts';
import { checkUsage } from './check-usage.ts';

/** What JSON can hold where a count should stand. */
const NO_COUNTS = [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 2e9, '5', null, [7], {}] as never[];

test('counts that are counts stay as they are, the same object', () => {
  const usages: Usage[] = [
    { inputTokens: 0, outputTokens: 0 },
    { inputTokens: 5, outputTokens: 1e9, cachedTokens: 3, reasoningTokens: undefined, estimated: true },
  ];
  for (const usage of usages) assert.equal(checkUsage(usage), usage);
});

test('where input or output is no count, nothing was told', () => {
  for (const count of NO_COUNTS) {
    assert.equal(checkUsage({ inputTokens: count, outputTokens: 1 }), undefined);
    assert.equal(checkUsage({ inputTokens: 1, outputTokens: count }), undefined);
  }
});

test('a detail that is no count is not told, and the others are', () => {
  for (const count of NO_COUNTS.filter((each) => each !== null)) {
    const usage = { inputTokens: 5, outputTokens: 7, cachedTokens: 2, reasoningTokens: count, searches: count };
    assert.deepEqual(checkUsage(usage), { ...usage, reasoningTokens: undefined, searches: undefined });
  }
});

test('fractions are rounded, and nothing below zero comes of it', () => {
  const checked = checkUsage({ inputTokens: 7.5, outputTokens: -0.4, cachedTokens: 1.4 });
  assert.deepEqual(checked, { inputTokens: 8, outputTokens: 0, cachedTokens: 1 });
});

test('whatever a provider tells, what is left are counts', () => {
  const any = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.constant(undefined), fc.constant(null)) as never;
  const names = ['inputTokens', 'outputTokens', 'cachedTokens', 'cacheWriteTokens', 'audioInputTokens', 'searches'];
  fc.assert(
    fc.property(fc.record(Object.fromEntries(names.map((name) => [name, any]))), (told) => {
      for (const count of Object.values(checkUsage(told as unknown as Usage) ?? {}))
        assert.ok(count === undefined || count === null || (Number.isSafeInteger(count) && Number(count) >= 0));
    }),
  );
});
