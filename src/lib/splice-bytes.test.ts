import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spliceBytes } from './splice-bytes.ts';

test('the pieces together are the text with its edits, in whatever order those are given', () => {
  const cuts = fc.uniqueArray(fc.nat(4_000), { minLength: 2, maxLength: 8 }).map((all) => all.sort((a, b) => a - b));
  const by = fc.array(fc.oneof(fc.string(), fc.constantFrom('x'.repeat(1_500), 'é'.repeat(700))), { maxLength: 3 });
  fc.assert(
    fc.property(cuts, fc.array(by, { minLength: 4, maxLength: 4 }), fc.boolean(), (places, texts, isReversed) => {
      const source = Buffer.alloc(4_000, 'abcdefghij');
      const edits = texts.flatMap((each, i) => {
        const [start, end] = [places[2 * i], places[2 * i + 1]];
        return start === undefined || end === undefined ? [] : [{ start, end, by: each }];
      });
      let expected = '';
      let at = 0;
      for (const edit of edits) {
        expected += source.toString('utf8', at, edit.start) + edit.by.join('');
        at = edit.end;
      }
      expected += source.toString('utf8', at);
      const pieces = spliceBytes(source, isReversed ? edits.toReversed() : edits);
      assert.equal(Buffer.concat(pieces).toString(), expected);
    }),
  );
});

test('a long stretch is not copied', () => {
  const source = Buffer.alloc(100_000, 'a');
  const pieces = spliceBytes(source, [{ start: 10, end: 20, by: ['b'] }]);
  assert.equal(pieces.length, 2);
  assert.equal(pieces[1]?.buffer, source.buffer);
});
