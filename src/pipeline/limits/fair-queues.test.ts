import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../contracts/errors.ts';
import type { LimitQueue, LimitUse, LimitVerdict, UsageLimits } from '../../contracts/limits.ts';
import { compileLines } from '../../domain/limits/compile-lines.ts';
import { createFairQueues, type QueuedCall } from './fair-queues.ts';
import { createMemoryLimitStore } from './memory-limit-store.ts';

/** Time that passes only here, event by event. */
function createClock() {
  let nowMs = 0;
  let seq = 0;
  let events: { atMs: number; seq: number; run: () => void }[] = [];
  const at = (atMs: number, run: () => void): (() => void) => {
    const event = { atMs, seq: seq++, run };
    events.push(event);
    return () => {
      events = events.filter((each) => each !== event);
    };
  };
  return {
    now: () => nowMs,
    at,
    setTimer: (afterMs: number, run: () => void) => at(nowMs + afterMs, run),
    async run() {
      for (;;) {
        // Whatever follows from the last event does so before the next.
        await new Promise((resolve) => setImmediate(resolve));
        const next = events.toSorted((a, b) => a.atMs - b.atMs || a.seq - b.seq)[0];
        if (next === undefined) return;
        assert.ok(seq < 100_000, 'it never ends');
        events = events.filter((each) => each !== next);
        nowMs = next.atMs;
        next.run();
      }
    },
  };
}

const LIMITS: UsageLimits = { requests: [], tokens: [], toolCalls: [], budgets: [] };

function start(limits: Partial<UsageLimits> & { readonly queue: LimitQueue }, isFarAway = false) {
  const clock = createClock();
  const store = createMemoryLimitStore({ spend: { spent: () => 0 }, now: clock.now, monotonicMs: clock.now });
  const enter = (id: string, uses: readonly LimitUse[]): LimitVerdict | Promise<LimitVerdict> =>
    isFarAway ? Promise.resolve().then(() => store.enter(id, uses)) : store.enter(id, uses);
  const queues = createFairQueues({ limits: { enter }, monotonicMs: clock.now, setTimer: clock.setTimer });
  const lines = compileLines({ type: 'team', id: 't', name: 't' }, { ...LIMITS, ...limits });
  const line = lines.at(-1) as QueuedCall['line'];
  const call = (callId: string, keyId: string, signal = new AbortController().signal) =>
    queues.enter({ callId, keyId, line, uses: lines.map((each) => ({ line: each, amount: 1 })), signal });
  return { clock, queues, call, store, line };
}

interface Spec {
  readonly key: string;
  readonly atMs: number;
  readonly forMs: number;
  /** After it came. Undefined: its client stays. */
  readonly leavesAfterMs: number | undefined;
}

type Fate = { readonly id: number; readonly what: 'began' | 'refused' | 'left'; readonly atMs: number };

/** The same by counting on fingers: who waits is a list, the turns of keys are another. */
function foretell(specs: readonly Spec[], max: number, { maxWaiting, maxWaitMs }: LimitQueue): readonly Fate[] {
  const fates: Fate[] = [];
  let waiting: { id: number; key: string }[] = [];
  let turns: string[] = [];
  let running = 0;
  let events: { atMs: number; run: (atMs: number) => void }[] = [];
  const forget = (id: number): void => {
    waiting = waiting.filter((each) => each.id !== id);
    turns = turns.filter((key) => waiting.some((each) => each.key === key));
  };
  const begin = (id: number, atMs: number): void => {
    running++;
    fates.push({ id, what: 'began', atMs });
    events.push({
      atMs: atMs + (specs[id]?.forMs ?? 0),
      run(endMs) {
        running--;
        const key = turns[0];
        const next = waiting.find((each) => each.key === key);
        if (key === undefined || next === undefined) return;
        forget(next.id);
        if (turns.includes(key)) turns = [...turns.filter((each) => each !== key), key];
        begin(next.id, endMs);
      },
    });
  };
  const end = (id: number, what: 'refused' | 'left', atMs: number): void => {
    if (!waiting.some((each) => each.id === id)) return;
    forget(id);
    fates.push({ id, what, atMs });
  };
  const countOf = (key: string): number => waiting.filter((each) => each.key === key).length;
  specs.forEach(({ key, atMs, leavesAfterMs }, id) => {
    events.push({
      atMs,
      run() {
        if (running < max && waiting.length === 0) return begin(id, atMs);
        if (waiting.length >= maxWaiting) {
          let longest = '';
          for (const each of turns) if (countOf(each) > countOf(longest)) longest = each;
          if (countOf(longest) <= countOf(key) + 1) return void fates.push({ id, what: 'refused', atMs });
          end(waiting.findLast((each) => each.key === longest)?.id ?? -1, 'refused', atMs);
        }
        waiting.push({ id, key });
        if (!turns.includes(key)) turns.push(key);
        events.push({ atMs: atMs + maxWaitMs, run: (nowMs) => end(id, 'refused', nowMs) });
        if (leavesAfterMs !== undefined)
          events.push({ atMs: atMs + leavesAfterMs, run: (nowMs) => end(id, 'left', nowMs) });
      },
    });
  });
  while (events.length > 0) {
    const next = events.reduce((a, b) => (b.atMs < a.atMs ? b : a));
    events = events.filter((each) => each !== next);
    next.run(next.atMs);
  }
  return fates.toSorted((a, b) => a.id - b.id);
}

/** Plays it with the real queues. */
async function play(specs: readonly Spec[], max: number, queue: LimitQueue, isFarAway: boolean) {
  const { clock, queues, call } = start({ maxConcurrent: max, queue }, isFarAway);
  const fates: Fate[] = [];
  let running = 0;
  specs.forEach((spec, id) => {
    clock.at(spec.atMs, () => {
      const leaving = new AbortController();
      let isOver = false;
      if (spec.leavesAfterMs !== undefined)
        clock.setTimer(spec.leavesAfterMs, () => {
          if (!isOver) leaving.abort();
        });
      const onVerdict = (verdict: LimitVerdict): void => {
        isOver = true;
        fates.push({ id, what: verdict.type === 'admitted' ? 'began' : 'refused', atMs: clock.now() });
        if (verdict.type !== 'admitted') return;
        assert.ok(++running <= max, 'more at once than may be');
        clock.setTimer(spec.forMs, () => {
          running--;
          verdict.leave([1]);
        });
      };
      const told = call(String(id), spec.key, leaving.signal);
      if (!(told instanceof Promise)) return onVerdict(told);
      told.then(onVerdict, (error: unknown) => {
        assert.ok(error instanceof GatewayError && error.code === 'cancelled');
        fates.push({ id, what: 'left', atMs: clock.now() });
      });
    });
  });
  await clock.run();
  assert.equal(queues.figures().waiting, 0);
  return fates.toSorted((a, b) => a.id - b.id);
}

test('who waits, whose turn it is and who is sent away is as counted on fingers, in 600 random histories', async () => {
  const spec = fc.record({
    key: fc.constantFrom('a', 'a', 'a', 'b', 'c'),
    gapMs: fc.integer({ min: 1, max: 6 }),
    forMs: fc.integer({ min: 1, max: 30 }),
    leavesAfterMs: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined, freq: 4 }),
  });
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(spec, { minLength: 1, maxLength: 16 }),
      fc.integer({ min: 1, max: 3 }),
      fc.record({ maxWaiting: fc.integer({ min: 1, max: 6 }), maxWaitMs: fc.integer({ min: 5, max: 60 }) }),
      fc.boolean(),
      async (drafts, max, queue, isFarAway) => {
        let atMs = 0;
        // No two events at the same moment: sums of different powers of two are different.
        const specs = drafts.map(({ key, gapMs, forMs, leavesAfterMs }, i): Spec => {
          atMs += gapMs;
          const leaves = leavesAfterMs === undefined ? undefined : leavesAfterMs + 1 / 8;
          return { key, atMs, forMs: forMs + 2 ** i / 2 ** 20, leavesAfterMs: leaves };
        });
        const wait = { ...queue, maxWaitMs: queue.maxWaitMs + 1 / 4 };
        const expected = foretell(specs, max, wait);
        assert.deepEqual(await play(specs, max, wait, isFarAway), expected);
        for (const { what } of expected) seen.set(what, (seen.get(what) ?? 0) + 1);
      },
    ),
    { numRuns: 600 },
  );
  for (const what of ['began', 'refused', 'left']) assert.ok((seen.get(what) ?? 0) > 50, what);
});

test('a key that floods the line does not delay another by more than one call', async () => {
  const { clock, call, queues } = start({ maxConcurrent: 1, queue: { maxWaiting: 100, maxWaitMs: 10_000 } });
  const order: string[] = [];
  const run = async (id: string, key: string) => {
    const verdict = await call(id, key);
    order.push(verdict.type === 'admitted' ? id : `${id} ${verdict.type}`);
    clock.setTimer(10, () => verdict.type === 'admitted' && verdict.leave([1]));
  };
  for (let i = 0; i < 50; i++) void run(`flood ${i}`, 'a');
  clock.at(5, () => void run('other', 'b'));
  clock.at(6, () => void run('other 2', 'b'));
  await clock.run();
  assert.deepEqual(order.slice(0, 5), ['flood 0', 'flood 1', 'other', 'flood 2', 'other 2']);
  assert.equal(order.length, 52);
  const { waited, waitedMs } = queues.figures();
  assert.deepEqual([waited, waitedMs > 50 * 10], [51, true]);
});

test('a rate is waited for as long as its store says, and never passed', async () => {
  const { clock, call } = start({ requests: [{ max: 2, per: 'second' }], queue: { maxWaiting: 10, maxWaitMs: 5_000 } });
  const began: number[] = [];
  for (let i = 0; i < 6; i++)
    void Promise.resolve(call(String(i), 'k')).then((verdict) => {
      assert.equal(verdict.type, 'admitted');
      began.push(clock.now());
    });
  await clock.run();
  assert.equal(began.length, 6);
  for (let i = 2; i < 6; i++) {
    const gap = (began[i] ?? 0) - (began[i - 2] ?? 0);
    assert.ok(gap >= 1_000 && gap < 1_200, `${began}`);
  }
});

test('who would have to wait for too long is refused at once, and told for how long', async () => {
  const { call, queues } = start({ requests: [{ max: 1, per: 'hour' }], queue: { maxWaiting: 10, maxWaitMs: 1_000 } });
  assert.equal((await call('1', 'k')).type, 'admitted');
  const second = await call('2', 'k');
  assert.ok(second.type === 'refused' && (second.retryAfterMs ?? 0) > 1_000_000);
  assert.equal(queues.figures().waiting, 0);
});
