import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SseStream } from '../../http/exchange.ts';
import { createOutbox, type Outbox, type ReplayBudget } from './outbox.ts';

interface Sink extends SseStream {
  readonly events: { readonly id: string | undefined; readonly data: string }[];
  drop(): void;
}

function openSink(): Sink {
  const events: Sink['events'] = [];
  const listeners: (() => void)[] = [];
  let closed = false;
  const drop = (): void => {
    closed = true;
    for (const listener of listeners.splice(0)) listener();
  };
  return {
    events,
    drop,
    get closed() {
      return closed;
    },
    send: (data, options) => void events.push({ id: options?.id, data }),
    end: drop,
    onClose: (listener) => void listeners.push(listener),
  };
}

function create(budget: ReplayBudget = { freeBytes: 1e9 }): {
  outbox: Outbox;
  clock: { nowMs: number };
  budget: ReplayBudget;
} {
  const clock = { nowMs: 0 };
  return { outbox: createOutbox({ resumable: true, budget, now: () => clock.nowMs }), clock, budget };
}

function resume(outbox: Outbox, id: string): string[] {
  const resumption = outbox.resume(id);
  assert.equal(resumption.type, 'resume');
  const sink = openSink();
  if (resumption.type === 'resume') resumption.attach(sink);
  return sink.events.map((event) => event.data);
}

test('wherever connections break, resuming gives each stream exactly what it missed, in order', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('send' as const), stream: fc.nat(2) }),
    fc.record({ do: fc.constant('break' as const), stream: fc.nat(2) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { outbox } = create();
      const streams = [outbox.open(), outbox.open(), outbox.open()].map((stream) => ({
        stream,
        sent: [] as string[],
        got: [] as string[],
        lastId: undefined as string | undefined,
        sink: openSink(),
      }));
      for (const each of streams) each.stream.attach(each.sink, true);
      const drain = (each: (typeof streams)[number]): void => {
        for (const { id, data } of each.sink.events.splice(0)) {
          each.lastId = id;
          if (data !== '') each.got.push(data);
        }
      };
      let n = 0;
      for (const { do: what, stream } of steps) {
        const each = streams[stream];
        if (each === undefined) continue;
        if (what === 'send') {
          const data = `${stream}:${n++}`;
          each.sent.push(data);
          each.stream.send(data);
        } else if (each.sink.closed) {
          const resumption = outbox.resume(each.lastId ?? '');
          assert.equal(resumption.type, 'resume');
          each.sink = openSink();
          if (resumption.type === 'resume') resumption.attach(each.sink);
        } else {
          drain(each);
          each.sink.drop();
        }
      }
      for (const each of streams) {
        drain(each);
        if (each.sink.closed) each.got.push(...resume(outbox, each.lastId ?? ''));
        assert.deepEqual(each.got, each.sent);
      }
    }),
  );
});

test('event ids are unique within a session, across its streams', () => {
  const { outbox } = create();
  const sinks = [outbox.standalone, outbox.open(), outbox.open()].map((stream) => {
    const sink = openSink();
    stream.attach(sink, true);
    for (let i = 0; i < 3; i++) stream.send('x');
    return sink;
  });
  const ids = sinks.flatMap((sink) => sink.events.map((event) => event.id));
  assert.equal(new Set(ids).size, 12);
});

test('what is kept is bounded per stream, per session and over all sessions, and given back', () => {
  const { outbox, budget } = create({ freeBytes: 10_000_000 });
  const busy = outbox.open();
  for (let i = 0; i < 1000; i++) busy.send(String(i));
  const kept = resume(outbox, '1_0');
  assert.deepEqual([kept.length, kept.at(-1)], [256, '999']);

  const megabyte = 'x'.repeat(1_000_000);
  for (let i = 0; i < 10; i++) {
    const stream = outbox.open();
    stream.send(megabyte);
    stream.end();
  }
  assert.ok(10_000_000 - budget.freeBytes <= 4 * 1024 * 1024);
  assert.equal(outbox.resume('2_0').type, 'over', 'the oldest went first');
  assert.deepEqual(resume(outbox, '11_0'), [megabyte]);

  const other = createOutbox({ resumable: true, budget: { freeBytes: 10 }, now: () => 0 });
  const sink = openSink();
  other.standalone.attach(sink, false);
  other.standalone.send('still delivered');
  assert.equal(sink.events.length, 1);

  outbox.close();
  assert.equal(budget.freeBytes, 10_000_000);
});

test('finished streams are kept for five minutes', () => {
  const { outbox, clock, budget } = create();
  const stream = outbox.open();
  stream.send('answer');
  stream.end();
  clock.nowMs = 299_000;
  outbox.sweep(clock.nowMs);
  assert.deepEqual(resume(outbox, '1_0'), ['answer']);
  clock.nowMs = 301_000;
  outbox.sweep(clock.nowMs);
  assert.equal(outbox.resume('1_0').type, 'over');
  assert.equal(budget.freeBytes, 1e9);
});

test('ids that were never given are unknown', () => {
  const { outbox } = create();
  outbox.open().send('x');
  for (const id of ['', 'x', '1', '1_2', '2_0', '-1_0', '1_1_1', '99999999999999999999_1', '1_NaN'])
    assert.equal(outbox.resume(id).type, 'unknown', id);
});
