import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createLineSplitter, type DroppedLine, whoseAnswer } from './line-splitter.ts';

function split(chunks: readonly Buffer[], maxLineBytes: number): { lines: string[]; dropped: DroppedLine[] } {
  const lines: string[] = [];
  const dropped: DroppedLine[] = [];
  const splitter = createLineSplitter(
    maxLineBytes,
    (line) => lines.push(line),
    (line) => dropped.push(line),
  );
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return { lines, dropped };
}

describe('the line splitter', () => {
  it('gives the same lines however the bytes were cut, also inside of a character', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[aé漢😀]{0,12}$/u)),
        fc.array(fc.nat(200)),
        fc.constantFrom('\n', '\r\n'),
        (written, cuts, newline) => {
          const bytes = Buffer.from(written.map((line) => line + newline).join(''));
          const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
          const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
          const { lines } = split(chunks, 1_000);
          assert.deepEqual(
            lines.filter((line) => line !== ''),
            written.filter((line) => line !== ''),
          );
        },
      ),
    );
  });

  it('drops a line that is too long and goes on with the next, keeping its ends', () => {
    const long = `HEAD${'x'.repeat(5_000)}TAIL`;
    const { lines, dropped } = split(
      [Buffer.from('a\n'), Buffer.from(long.slice(0, 700)), Buffer.from(`${long.slice(700)}\nb\n`)],
      1_000,
    );
    assert.deepEqual(lines, ['a', 'b']);
    assert.equal(dropped.length, 1);
    assert.equal(dropped[0]?.bytes, long.length);
    assert.ok(dropped[0]?.head.startsWith('HEAD') && dropped[0].tail.endsWith('TAIL'));
  });
});

describe('whose answer a dropped line was', () => {
  const whose = (head: string, tail: string): number | 'notification' | undefined =>
    whoseAnswer({ head, tail, bytes: head.length + tail.length });

  it('is told by an id before or after the result', () => {
    assert.equal(whose('{"jsonrpc":"2.0","id":12,"result":{', '}}'), 12);
    assert.equal(whose('{ "id" : 12 , "result":{', '}}'), 12);
    assert.equal(whose('{"result":{"x":"', '"},"jsonrpc":"2.0","id":12}'), 12);
    assert.equal(whose('{"result":{"x":"', '"},"id":12,"jsonrpc":"2.0"}'), 12);
  });

  it('is not guessed from ids inside of the result', () => {
    assert.equal(whose('{"result":{"id":5,"x":"', '","id":12}}'), undefined);
    assert.equal(whose('{"result":{"x":"', 'text \\"id\\":12}"}}'), undefined);
    assert.equal(whose('{"jsonrpc":"2.0","result":{"id":5,', '}}'), undefined);
  });

  it('is nobody for a notification', () => {
    assert.equal(whose('{"jsonrpc":"2.0","method":"notifications/message","params":{', '"id":3}}'), 'notification');
  });
});
