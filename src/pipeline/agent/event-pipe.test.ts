import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChatEvent } from '../../contracts/chat.ts';
import { createEventPipe } from './event-pipe.ts';

const event = (type: string): ChatEvent => ({ type: 'portcullis', value: { type } });
const typesIn = (events: readonly ChatEvent[]) => events.map((each) => each.type === 'portcullis' && each.value.type);

test('what is said comes out in its order, however fast it is read, and few of it waits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 60 }), async (pauses) => {
      const pipe = createEventPipe(() => assert.fail('nobody left'));
      let ahead = 0;
      let most = 0;
      const write = async (): Promise<void> => {
        for (const i of pauses.keys()) {
          ahead++;
          most = Math.max(most, ahead);
          await pipe.push([event(String(i))]);
        }
        pipe.end();
      };
      const written = write();
      const read: unknown[] = [];
      for await (const events of pipe.stream) {
        ahead--;
        read.push(...typesIn(events));
        if (pauses[read.length] === true) await new Promise((resolve) => setImmediate(resolve));
      }
      await written;
      assert.deepEqual(
        read,
        [...pauses.keys()].map((i) => String(i)),
      );
      assert.ok(most <= 18, `${most} waited`);
    }),
    { numRuns: 50 },
  );
});

test('a failure before anything was said is no stream; after it, it comes behind what was said', async () => {
  const early = createEventPipe(() => {});
  early.fail(new Error('early'));
  await assert.rejects(early.begun, /early/);

  const late = createEventPipe(() => {});
  await late.push([event('one')]);
  await late.begun;
  late.fail(new Error('late'));
  const read: unknown[] = [];
  await assert.rejects(async () => {
    for await (const events of late.stream) read.push(...typesIn(events));
  }, /late/);
  assert.deepEqual(read, ['one']);
});

test('who leaves is heard of once, and nobody waits for them', async () => {
  let left = 0;
  const pipe = createEventPipe(() => left++);
  const iterator = pipe.stream[Symbol.asyncIterator]();
  const pushed = Array.from({ length: 40 }, (_, i) => pipe.push([event(String(i))]));
  await iterator.return?.();
  await iterator.return?.();
  await Promise.all(pushed);
  assert.equal(left, 1);
  assert.equal((await iterator.next()).done, true);
});

test('a sign of life is only given where nothing was said since the last one', async () => {
  const pipe = createEventPipe(() => {});
  await pipe.push([event('said')]);
  const iterator = pipe.stream[Symbol.asyncIterator]();
  await iterator.next();
  pipe.pushIfIdle([event('too early')]);
  pipe.pushIfIdle([event('alive')]);
  pipe.pushIfIdle([event('unread still')]);
  assert.deepEqual(typesIn((await iterator.next()).value ?? []), ['alive']);
});
