import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scanJsonBytes } from './json-bytes.ts';
import { countKeys, countMembers, measureDepth } from './json-text.ts';

const DEPTH = 8;
const scan = (text: string) => scanJsonBytes(Buffer.from(text), DEPTH);
const strings = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '\\"', 'a'.repeat(40)));
const values = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 });

test('members are found exactly where JSON.parse has them, whatever the spacing', () => {
  fc.assert(
    fc.property(fc.dictionary(strings, values), fc.constantFrom(undefined, 1, '\t'), (made, space) => {
      const text = JSON.stringify({ ...made }, null, space);
      const found = scan(text);
      // Keys with escapes and deep ones are left to others.
      if (found === undefined) {
        assert.ok(/\\/.test(text) || measureDepth(text, DEPTH) > DEPTH, text);
        return;
      }
      const bytes = Buffer.from(text);
      const parsed = JSON.parse(text) as { [key: string]: unknown };
      assert.deepEqual(
        found.members.map(({ key }) => key),
        Object.keys(parsed).length === found.members.length
          ? [...found.members.map(({ key }) => key)].filter((key) => Object.hasOwn(parsed, key))
          : [],
      );
      for (const { key, valueStart, valueEnd, keyStart } of found.members) {
        assert.deepEqual(JSON.parse(bytes.toString('utf8', valueStart, valueEnd)), parsed[key]);
        assert.equal(bytes[keyStart], 0x22);
      }
    }),
  );
});

/** Any bytes at all, mostly those that JSON is made of. */
const scraps = fc.array(
  fc.oneof(
    fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', ' ', '"a"', '"b":', 'true', 'null', '-1.5e3', '01', '.'),
    values.map((value) => JSON.stringify(value)),
  ),
  { maxLength: 30 },
);

test('what is accepted differs from JSON in nothing but what stands in strings, and has no member twice', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        scraps,
        scraps.map((parts) => ['{"a":', ...parts, '}']),
      ),
      (parts) => {
        const text = parts.join('');
        if (scan(text) === undefined) return;
        // Escapes that do not exist are not looked at: taken away, the rest is JSON.
        const plain = text.replace(/\\[^"\\/bfnrtu]/g, '\\n').replace(/\\u(?![0-9a-f]{4})/gi, '\\n');
        const value: unknown = JSON.parse(plain);
        assert.equal(countMembers(plain, DEPTH), countKeys(value));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('mutilated JSON is refused, as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), values), fc.nat(), fc.nat(20), (made, at, length) => {
      const text = JSON.stringify({ ...made });
      const from = at % text.length;
      const cut = text.slice(0, from) + text.slice(from + length);
      if (scan(cut) === undefined) return;
      assert.doesNotThrow(() => JSON.parse(cut.replace(/\\[^"\\/bfnrtu]/g, '\\n').replace(/\\u(?![0-9a-f]{4})/gi, '')));
    }),
    { numRuns: 2_000 },
  );
});

test('a member that stands twice, however deep and however it is spelt, is left to who can name it', () => {
  for (const text of ['{"a":1,"a":2}', '{"b":[{"c":{"a":1,"x":0,"a":2}}]}', '{"a":1,"\\u0061":2}', '{"é":1,"é":2}'])
    assert.equal(scan(text), undefined, text);
  assert.notEqual(scan('{"b":[{"a":1},{"a":2}],"a":{"a":{"b":1}}}'), undefined);
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i]));
  assert.equal(scan(JSON.stringify(many)), undefined);
});

test('it reads to the depth that is allowed, and no bomb breaks it', () => {
  assert.notEqual(scan(`{"a":${'['.repeat(DEPTH - 1)}${']'.repeat(DEPTH - 1)}}`), undefined);
  assert.equal(scan(`{"a":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`), undefined);
  assert.equal(scan('{"a":'.repeat(500_000)), undefined);
  assert.equal(scan(`{"a":"${'\\"'.repeat(500_000)}`), undefined);
});

test('pictures are told from prose', () => {
  const picture = Buffer.alloc(6_000, 7).toString('base64');
  const prose = 'Words in a row, as people write them.\n'.repeat(200);
  const text = JSON.stringify({ a: [{ url: `data:image/png;base64,${picture}` }, { text: prose }, { data: picture }] });
  const found = scan(text);
  assert.equal(found?.media, 2);
  const inProse = found?.proseBytes ?? 0;
  assert.ok(inProse > prose.length && inProse < prose.length + 400, String(inProse));
});

test('prose that only begins like a picture is prose', () => {
  const disguise = 'A'.repeat(300);
  for (const rest of [
    'Some words. '.repeat(500),
    'Wort.für.Wort.'.repeat(300),
    'line\nafter\nline'.repeat(200),
    '語'.repeat(900),
  ]) {
    const text = JSON.stringify({ a: disguise + rest });
    assert.equal(scan(text)?.media, 0, rest.slice(0, 20));
    assert.equal(scan(text)?.proseBytes, Buffer.byteLength(text));
  }
});
