import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AssistantPart, ChatEvent } from '../../contracts/chat.ts';
import { ProviderFailure } from '../../contracts/models.ts';
import { createEventCheck } from './check-events.ts';

const create = () => createEventCheck({ randomHex: (digits) => 'f'.repeat(digits), nowS: () => 1_790_000_000 });
const START: ChatEvent = { type: 'start', id: 'a', model: 'm', createdAtS: 5 };
const END: ChatEvent = { type: 'end' };
const TEXT = { type: 'text', text: '' } as const;
const CALL = { type: 'tool-call', id: '1', name: 'weather', arguments: '' } as const;
const begin = (part: number, value: AssistantPart = TEXT, choice = 0): ChatEvent => ({
  type: 'part-start',
  choice,
  part,
  value,
});
const delta = (part: number, choice = 0): ChatEvent => ({ type: 'delta', choice, part, text: 'x' });
const sign = (part: number): ChatEvent => ({ type: 'signature', choice: 0, part, signature: 's' });
const close = (part: number, choice = 0): ChatEvent => ({ type: 'part-end', choice, part });
const stop = (choice = 0): ChatEvent => ({ type: 'choice-end', choice, stop: 'end' });
const usage = (inputTokens: number): ChatEvent => ({ type: 'usage', usage: { inputTokens, outputTokens: 1 } });

const check = (...events: readonly ChatEvent[]): readonly ChatEvent[] => create()(events);
const isMalformed = (...events: readonly ChatEvent[]): void => {
  assert.throws(
    () => check(...events),
    (error) => error instanceof ProviderFailure && error.kind === 'malformed',
    JSON.stringify(events),
  );
};

test('a stream that keeps its promises goes on as it came, the same lists', () => {
  const take = create();
  const lists: readonly (readonly ChatEvent[])[] = [
    [START, usage(5), begin(0), delta(0)],
    [sign(0), close(0), begin(1, CALL), begin(2, { ...CALL, id: '2' }), delta(2), delta(1), close(2), close(1)],
    [begin(0, TEXT, 3), delta(0, 3), close(0, 3), stop(3), stop()],
    [usage(9), END],
    [],
  ];
  for (const list of lists) assert.equal(take(list), list);
});

test('what is open at the end of its choice is ended before, and choices before the stream is', () => {
  assert.deepEqual(check(START, begin(0), begin(1), delta(0), stop(), END), [
    ...[START, begin(0), begin(1), delta(0)],
    ...[close(0), close(1), stop(), END],
  ]);
  assert.deepEqual(check(START, begin(0), begin(0, TEXT, 1), close(0), stop(), END), [
    ...[START, begin(0), begin(0, TEXT, 1), close(0), stop()],
    ...[close(0, 1), { type: 'choice-end', choice: 1, stop: 'other' }, END],
  ]);
});

test('ends that come twice, and signatures of what is over, say nothing', () => {
  assert.deepEqual(check(START, begin(0), close(0), close(0), sign(0), close(7), stop(), stop(), close(0), END), [
    ...[START, begin(0), close(0), stop(), END],
  ]);
});

test('after the end comes nothing, whatever it is', () => {
  const take = create();
  take([START, begin(0), stop(), END]);
  assert.deepEqual(take([START, delta(5), stop(9), usage(-1), END]), []);
});

test('a stream that begins twice, late or never is malformed', () => {
  isMalformed(START, begin(0), START);
  for (const event of [begin(0), delta(0), stop(), usage(1), END]) isMalformed(event, START);
});

test('a stream without an answer is malformed', () => {
  isMalformed(START, END);
  isMalformed(START, usage(5), END);
});

test('parts that are out of order, or get more when they are over or never began, are malformed', () => {
  isMalformed(START, begin(1));
  isMalformed(START, begin(0), begin(0));
  isMalformed(START, delta(0));
  isMalformed(START, begin(0), close(0), delta(0));
  isMalformed(START, begin(0), delta(0, 1));
  isMalformed(START, begin(0), stop(), delta(0));
  isMalformed(START, begin(0), stop(), begin(1));
  for (const part of [-1, 0.5, Number.NaN]) isMalformed(START, begin(part));
});

test('choices have a place that somebody could have asked for', () => {
  for (const choice of [-1, 0.5, Number.NaN, 128, 1e9]) isMalformed(START, begin(0, TEXT, choice));
  assert.equal(check(START, begin(0, TEXT, 127)).length, 2);
});

test('calls with one id are told apart, heads are mended, and counts that are none are left out', () => {
  const events = [{ ...START, id: '', createdAtS: -1 }, usage(-5), begin(0, CALL), begin(1, CALL), usage(2.4)] as const;
  assert.deepEqual(check(...events), [
    { ...START, id: `msg_${'f'.repeat(24)}`, createdAtS: 1_790_000_000 },
    ...[begin(0, CALL), begin(1, { ...CALL, id: `call_${'f'.repeat(24)}` }), usage(2)],
  ]);
});

test('however events are mixed and cut into lists, what goes on keeps the promises, or the stream is malformed', () => {
  const small = fc.nat(2);
  const event: fc.Arbitrary<ChatEvent> = fc.oneof(
    fc.tuple(small, small).map(([part, choice]) => begin(part, CALL, choice)),
    fc.tuple(small, small).map(([part, choice]) => delta(part, choice)),
    fc.tuple(small, small).map(([part, choice]) => close(part, choice)),
    small.map(stop),
    fc.integer({ min: -2, max: 2 }).map(usage),
    fc.constant(END),
  );
  let whole = 0;
  fc.assert(
    fc.property(fc.array(fc.array(event, { maxLength: 6 }), { maxLength: 6 }), (lists) => {
      const take = create();
      const out: ChatEvent[] = [];
      try {
        for (const list of [[START], ...lists]) out.push(...take(list));
      } catch (error) {
        assert.ok(error instanceof ProviderFailure);
      }
      const open = new Set<string>();
      const over = new Set<number>();
      const begun = new Map<number, number>();
      for (const [i, each] of out.entries()) {
        assert.equal(each.type === 'start', i === 0);
        if (each.type === 'end') {
          whole++;
          assert.equal(i, out.length - 1);
          assert.deepEqual([...over].sort(), [...new Set([...begun.keys(), ...over])].sort());
        }
        if (!('choice' in each)) continue;
        const { choice } = each;
        assert.ok(!over.has(choice));
        if (each.type === 'choice-end') {
          assert.ok(![...open].some((at) => at.startsWith(`${choice} `)));
          over.add(choice);
        } else if (each.type === 'part-start') {
          assert.equal(each.part, begun.get(choice) ?? 0);
          begun.set(choice, each.part + 1);
          open.add(`${choice} ${each.part}`);
        } else if (each.type === 'part-end') assert.ok(open.delete(`${choice} ${each.part}`));
        else assert.ok(open.has(`${choice} ${each.part}`));
      }
    }),
    { numRuns: 2_000 },
  );
  assert.ok(whole > 20, 'hardly a stream came to its end');
});
