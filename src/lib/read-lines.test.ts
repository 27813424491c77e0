import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readLines } from './read-lines.ts';

async function* inChunks(text: string, bytes: number): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(text);
  for (let at = 0; at < all.length; at += bytes) yield all.subarray(at, at + bytes);
}

const linesOf = (text: string, bytes = 3): Promise<string[]> => Array.fromAsync(readLines(inChunks(text, bytes)));

test('a line ends at a line feed, with or without a carriage return, and at nothing else', async () => {
  assert.deepEqual(await linesOf('a\nb\r\n\nc\u2028d\u2029e\rf\u0085g\n'), ['a', 'b', '', 'c\u2028d\u2029e\rf\u0085g']);
});

test('what follows the last line feed is a line, if there is anything', async () => {
  assert.deepEqual(await linesOf(''), []);
  assert.deepEqual(await linesOf('a\nb'), ['a', 'b']);
  assert.deepEqual(await linesOf('a\n'), ['a']);
});

test('lines are the same however the bytes arrive', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ' '));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1 }), fc.integer({ min: 1, max: 9 }), async (lines, bytes) => {
      assert.deepEqual(await linesOf(lines.map((each) => `${each}\n`).join(''), bytes), lines);
    }),
  );
});
