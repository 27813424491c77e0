import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../contracts/errors.ts';
import { createCallQueue } from './call-queue.ts';
import { createFakeClock } from './fixtures/fake-clock.ts';

type Fate = 'waiting' | 'in' | 'left' | 'too_many' | 'cancelled';
interface Visitor {
  fate: Fate;
  readonly controller: AbortController;
  readonly dueTicks: number;
}

function createModel(limits: { maxConcurrent: number; maxQueued: number; queueTimeoutMs: number }) {
  const clock = createFakeClock();
  const queue = createCallQueue({ clock, serverId: 'a' }, limits);
  const visitors: Visitor[] = [];
  const turnAway = (visitor: Visitor, error: unknown): void => {
    assert.ok(error instanceof GatewayError);
    assert.ok(error.code === 'too_many' || error.code === 'cancelled');
    assert.equal(visitor.fate, 'waiting', 'nobody is turned away twice, or after having been let in');
    visitor.fate = error.code;
  };
  return {
    clock,
    queue,
    visitors,
    with: (fate: Fate) => visitors.filter((visitor) => visitor.fate === fate),
    enter(timeoutMs: number): Visitor {
      const waitMs = Math.min(timeoutMs, limits.queueTimeoutMs);
      const controller = new AbortController();
      const visitor: Visitor = { fate: 'waiting', controller, dueTicks: clock.ticks() + waitMs };
      visitors.push(visitor);
      try {
        const place = queue.enter(timeoutMs, controller.signal);
        if (place === undefined) visitor.fate = 'in';
        else
          place.then(
            () => {
              assert.equal(visitor.fate, 'waiting');
              visitor.fate = 'in';
            },
            (error: unknown) => turnAway(visitor, error),
          );
      } catch (error) {
        turnAway(visitor, error);
      }
      return visitor;
    },
    async leave(visitor: Visitor): Promise<void> {
      visitor.fate = 'left';
      queue.leave();
      await clock.settle();
    },
  };
}

const STEPS = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('enter' as const), ms: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }) },
);

test('whatever comes, leaves, is cancelled or waits: never more than allowed at once or in the queue, first come first served, no place is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
      fc.array(STEPS, { maxLength: 40 }),
      async (maxConcurrent, maxQueued, steps) => {
        const model = createModel({ maxConcurrent, maxQueued, queueTimeoutMs: 50 });
        for (const step of steps) {
          const before = model.with('waiting');
          if (step.do === 'enter') model.enter(step.ms);
          else if (step.do === 'wait') await model.clock.advance(step.ms);
          else {
            const among = model.with(step.do === 'leave' ? 'in' : 'waiting');
            const chosen = among[step.which % Math.max(1, among.length)];
            if (chosen !== undefined && step.do === 'leave') await model.leave(chosen);
            else chosen?.controller.abort();
          }
          await model.clock.settle();
          const running = model.with('in');
          const waiting = model.with('waiting');
          assert.equal(model.queue.running, running.length);
          assert.equal(model.queue.queued, waiting.length);
          assert.ok(running.length <= maxConcurrent);
          assert.ok(waiting.length <= maxQueued);
          assert.ok(waiting.length === 0 || running.length === maxConcurrent, 'nobody waits beside a free place');
          assert.ok(
            waiting.every(({ dueTicks }) => dueTicks > model.clock.ticks()),
            'nobody waits beyond the time',
          );
          const admitted = before.filter(({ fate }) => fate === 'in');
          const passedOver = before.filter(({ fate }) => fate === 'waiting');
          assert.ok(
            admitted.every((one) => passedOver.every((other) => before.indexOf(one) < before.indexOf(other))),
            'who came first is let in first',
          );
        }
        for (let one = model.with('in')[0]; one !== undefined; one = model.with('in')[0]) await model.leave(one);
        assert.equal(model.queue.running, 0);
        assert.equal(model.queue.queued, 0);
        assert.deepEqual(model.clock.pending(), [], 'no timer is left behind');
        for (let n = 0; n < maxConcurrent; n++) assert.equal(model.enter(1).fate, 'in');
      },
    ),
    { numRuns: 60 },
  );
});

test('dismissing sends away who waits, and nobody who is in', async () => {
  const model = createModel({ maxConcurrent: 1, maxQueued: 5, queueTimeoutMs: 50 });
  const inside = model.enter(10);
  const outside = [model.enter(10), model.enter(10)];
  model.queue.dismiss(new GatewayError('too_many'));
  await model.clock.settle();
  assert.equal(inside.fate, 'in');
  assert.deepEqual(
    outside.map(({ fate }) => fate),
    ['too_many', 'too_many'],
  );
});
