import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSseDecoder, encodeSse, type SseEvent, SseTooLargeError } from './sse.ts';

function decode(chunks: string[], max = 1e6): SseEvent[] {
  const events: SseEvent[] = [];
  const decoder = createSseDecoder((e) => events.push(e), max);
  for (const chunk of chunks) decoder.push(chunk);
  return events;
}

test('what is encoded is decoded, however the stream is cut', () => {
  const line = fc.string().map((s) => s.replace(/[\r\n\0]/g, ''));
  fc.assert(
    fc.property(
      fc.array(fc.array(line, { minLength: 1 })),
      fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
      (messages, cuts) => {
        const texts = messages.map((lines) => lines.join('\n'));
        const wire = texts.map((data, i) => encodeSse(data, { id: String(i), event: 'message' })).join('');
        const chunks: string[] = [];
        for (let at = 0; at < wire.length; ) {
          const n = cuts.next().value ?? 1;
          chunks.push(wire.slice(at, at + n));
          at += n;
        }
        assert.deepEqual(
          decode(chunks).map((e) => e.data),
          texts,
        );
      },
    ),
  );
});

test('all three line endings, comments, byte order mark and fields without a colon are understood', () => {
  const events = decode(['\uFEFF: hi\r\ndata: a\r', '\ndata\r\rid: 7\ndata:b\n\n']);
  assert.deepEqual(
    events.map((e) => [e.data, e.id]),
    [
      ['a\n', undefined],
      ['b', '7'],
    ],
  );
});

test('an event that only primes the last event id is handed out', () => {
  assert.deepEqual(decode(['id: 1\nretry: 500\ndata:\n\n']), [{ event: 'message', data: '', id: '1', retryMs: 500 }]);
});

test('an event larger than the bound is refused, whole or in one endless line', () => {
  assert.throws(() => decode([`data: ${'x'.repeat(200)}\n\n`], 100), SseTooLargeError);
  assert.throws(() => decode(['data: ', 'x'.repeat(300)], 100), SseTooLargeError);
});

test('empty lines of data count towards the bound, too', () => {
  assert.throws(() => decode(['data:\n'.repeat(200)], 100), SseTooLargeError);
});

test('a line that comes byte by byte is not looked through again for each', () => {
  let longest = 0;
  const indexOf = String.prototype.indexOf;
  const events: SseEvent[] = [];
  const decoder = createSseDecoder((event) => events.push(event), 1_000_000);
  String.prototype.indexOf = function (this: string, ...args) {
    if (this.length > longest) longest = this.length;
    return indexOf.apply(this, args);
  };
  try {
    decoder.push('data: ');
    for (let at = 0; at < 5000; at++) decoder.push('x');
    assert.ok(longest < 10, `${longest} characters were searched`);
    decoder.push('\r');
    decoder.push('\n\r\n');
  } finally {
    String.prototype.indexOf = indexOf;
  }
  assert.deepEqual(
    events.map(({ data }) => data),
    ['x'.repeat(5000)],
  );
});
