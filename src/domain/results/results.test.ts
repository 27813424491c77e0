import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isObject } from '../../lib/is-object.ts';
import { type Cut, cutJson } from './cut-json.ts';
import { cutResult, OVERHEAD_BYTES, SHORTENED_KEY } from './cut-result.ts';
import { followPointer, readPart } from './read-part.ts';
import { parseResultUri, resultUri } from './result-uri.ts';
import { takeText } from './take-text.ts';

const ID = '0123456789abcdef0123456789abcdef';
const WHOLE = { uri: resultUri(ID), bytes: 1, asLink: true };
const bytesOf = (text: string): number => Buffer.byteLength(text);
/** Half pairs, control characters, quotes, several scripts. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.constantFrom('\ud83d\ude00', '\ud800', '\udc00', '\n', '"', '\\', '\u0000', 'ü', '漢', 'a'), {
      maxLength: 200,
    })
    .map((a) => a.join('')),
);
const anyJson = fc.oneof(
  fc.json({ stringUnit: 'binary', maxDepth: 6 }),
  fc.array(anyText, { maxLength: 40 }).map((value) => JSON.stringify(value)),
  fc
    .dictionary(
      anyText.filter((key) => key !== '__proto__'),
      fc.array(anyText),
      { maxKeys: 20 },
    )
    .map((value) => JSON.stringify(value)),
);
const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);

test('a text is cut at no more than the bytes given, as long as possible or at a line, and never within a surrogate pair', () => {
  fc.assert(
    fc.property(anyText, fc.nat(300), (text, maxBytes) => {
      const kept = takeText(text, maxBytes);
      assert.ok(text.startsWith(kept));
      assert.ok(bytesOf(JSON.stringify(kept)) - 2 <= maxBytes);
      if (kept === text) return;
      const isInPair = /[\ud800-\udbff]$/.test(kept) && /^[\udc00-\udfff]/.test(text.slice(kept.length));
      assert.ok(!isInPair);
      const more = text.slice(
        0,
        kept.length + (text.codePointAt(kept.length) ?? 0) / 0x10000 >= 1 ? kept.length + 2 : kept.length + 1,
      );
      assert.ok(kept.endsWith('\n') || bytesOf(JSON.stringify(more)) - 2 > maxBytes);
    }),
  );
});

test('shortened JSON is JSON of the same type within its bytes; what fits is not touched; every cut is accounted for', () => {
  fc.assert(
    fc.property(anyJson, fc.integer({ min: 2, max: 600 }), (given, maxBytes) => {
      const text = JSON.stringify(JSON.parse(given));
      const cuts: Cut[] = [];
      const short = cutJson(text, maxBytes, cuts);
      const value: unknown = JSON.parse(short);
      const whole: unknown = JSON.parse(text);
      assert.equal(kindOf(value), kindOf(whole));
      const isScalar = typeof whole !== 'object' && typeof whole !== 'string';
      if (!isScalar && whole !== null) assert.ok(bytesOf(short) <= maxBytes, `${bytesOf(short)} > ${maxBytes}`);
      if (bytesOf(text) <= maxBytes) assert.equal(short, text);
      else if (!isScalar && whole !== null && short !== text) assert.ok(cuts.length > 0);
      for (const { path, kept, of } of cuts) {
        assert.ok(kept < of);
        assert.ok(path === '' || path.startsWith('/'));
      }
      assertBeginning(value, whole);
    }),
    { numRuns: 300 },
  );
});

/** Arrays are beginnings, objects have no members the whole does not have, texts begin the same. */
function assertBeginning(value: unknown, whole: unknown): void {
  if (Array.isArray(value) && Array.isArray(whole)) {
    assert.ok(value.length <= whole.length);
    for (const [i, each] of value.entries()) assertBeginning(each, whole[i]);
  } else if (isObject(value) && isObject(whole)) {
    for (const key of Object.keys(value)) {
      assert.ok(Object.hasOwn(whole, key));
      assertBeginning(value[key], whole[key]);
    }
  } else if (typeof value === 'string' && typeof whole === 'string')
    assert.ok(value === whole || whole.startsWith(value.replace(/…$/, '')));
  else assert.deepEqual(value, whole);
}

const block = fc.oneof(
  anyText.map((text) => ({ type: 'text', text })),
  anyText.map((text) => ({ type: 'text', text: text.repeat(20), annotations: { audience: ['user'] } })),
  fc.string({ maxLength: 2_000 }).map((data) => ({ type: 'image', mimeType: 'image/png', data })),
  anyText.map((text) => ({ type: 'resource', resource: { uri: 'a:b', text: text.repeat(10) } })),
  anyText.map((text) => ({ type: 'resource', resource: { uri: 'a:b', blob: text } })),
);

test('a shortened result stays within its bound, keeps its shape, its isError and its _meta, and says where the whole is', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          content: fc.array(block, { maxLength: 30 }),
          structuredContent: fc.dictionary(
            fc.string({ maxLength: 20 }).filter((key) => key !== '__proto__'),
            fc.array(anyText, { maxLength: 10 }),
            { maxKeys: 10 },
          ),
          isError: fc.boolean(),
          _meta: fc.constant({ 'x/y': 1 }),
          unknown: anyText,
        },
        { requiredKeys: ['content'] },
      ),
      fc.integer({ min: 1_024, max: 4_000 }),
      fc.boolean(),
      (result, maxBytes, asLink) => {
        const text = JSON.stringify(result);
        const short = cutResult(text, maxBytes, { ...WHOLE, bytes: bytesOf(text), asLink });
        assert.ok(short !== undefined);
        assert.ok(bytesOf(short) <= maxBytes + OVERHEAD_BYTES, `${bytesOf(short)} > ${maxBytes}`);
        const value = JSON.parse(short) as typeof result;
        assert.equal(value.isError, result.isError);
        assert.equal(isObject(value.structuredContent), result.structuredContent !== undefined);
        if (result._meta !== undefined) assert.equal((value._meta as { 'x/y'?: number })['x/y'], 1);
        const meta = value._meta as unknown as { [SHORTENED_KEY]: { uri: string; bytes: number } };
        assert.deepEqual([meta[SHORTENED_KEY].uri, meta[SHORTENED_KEY].bytes], [WHOLE.uri, bytesOf(text)]);
        assert.ok(JSON.stringify(value.content.at(-1)).includes(WHOLE.uri));
        assert.ok(value.content.every(({ type }) => typeof type === 'string'));
        const same = Math.min(result.content.length, value.content.length - 2);
        for (let i = 0; i < same; i++)
          assert.ok(value.content[i]?.type === result.content[i]?.type || value.content[i]?.type === 'text');
      },
    ),
    { numRuns: 200 },
  );
});

test('a long text is cut at a line with a note, a picture is named, a small block between them stays to the byte', () => {
  const lines = Array.from({ length: 2_000 }, (_, n) => `line ${n}`).join('\n');
  const small = { type: 'text', text: 'small', annotations: { priority: 1 } };
  const result = {
    content: [{ type: 'text', text: lines }, small, { type: 'image', data: 'A'.repeat(9_000), mimeType: 'image/png' }],
    structuredContent: { total: 2_000, rows: lines.split('\n'), name: 'report' },
    isError: true,
  };
  const short = cutResult(JSON.stringify(result), 4_000, { ...WHOLE, bytes: 99 });
  const { content, structuredContent, isError, _meta } = JSON.parse(short ?? '') as {
    content: { type: string; text?: string; uri?: string }[];
    structuredContent: { total: number; rows: string[]; name: string };
    isError: boolean;
    _meta: { [SHORTENED_KEY]: { cut: Cut[] } };
  };
  assert.equal(isError, true);
  assert.match(
    content[0]?.text ?? '',
    /^line 0\nline 1\n[\s\S]*\nline \d+\n\[Shortened by the gateway: the first \d+ of \d+ characters\. The whole result: portcullis:/,
  );
  assert.deepEqual(content[1], small);
  assert.match(content[2]?.text ?? '', /image of \d+ bytes left out/);
  assert.deepEqual([content[3]?.type, content[3]?.uri], ['resource_link', WHOLE.uri]);
  assert.deepEqual([structuredContent.total, structuredContent.name], [2_000, 'report']);
  assert.ok(structuredContent.rows.length > 50 && structuredContent.rows.length < 2_000);
  const cut = _meta[SHORTENED_KEY].cut.find(({ path }) => path === '/structuredContent/rows');
  assert.deepEqual(cut, { path: '/structuredContent/rows', kept: structuredContent.rows.length, of: 2_000 });
});

test('page by page, every text is read back to the byte, whatever its characters and the size of the pages', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 50 }), (text, bytes) => {
      const result = JSON.stringify({ content: [{ type: 'text', text: text.toWellFormed() }] });
      for (const path of ['', '/content/0/text']) {
        let uri: string | undefined = resultUri(ID, { path, bytes });
        let read = '';
        while (uri !== undefined) {
          const part = parseResultUri(uri);
          assert.ok(part !== undefined);
          const answer = JSON.parse(readPart(result, uri, part) ?? '') as {
            contents: { uri: string; text: string }[];
            _meta: { 'portcullis.dev/page': { next?: string } };
          };
          assert.equal(answer.contents[0]?.uri, uri);
          read += answer.contents[0]?.text;
          uri = answer._meta['portcullis.dev/page'].next;
          assert.equal(answer.contents[1]?.uri, uri);
        }
        assert.equal(read, path === '' ? result : text.toWellFormed());
      }
    }),
    { numRuns: 100 },
  );
});

test('a pointer leads to what RFC 6901 says, or nowhere', () => {
  const text = '{"a":[1,{"b/c":{"~":"x"}}],"":2}';
  assert.equal(followPointer(text, ''), text);
  assert.equal(followPointer(text, '/a/1/b~1c/~0'), '"x"');
  assert.equal(followPointer(text, '/'), '2');
  for (const nowhere of ['/b', '/a/2', '/a/01', '/a/-', '/a/0/x', '/a/1/b/c'])
    assert.equal(followPointer(text, nowhere), undefined);
});

test('an address that is not ours is left to others, and a wrong query of ours is refused', () => {
  for (const uri of ['file:///a', 'portcullis://results/', 'portcullis://results/xyz', 'PORTCULLIS://results/0'])
    assert.equal(parseResultUri(uri), undefined);
  assert.deepEqual(parseResultUri(resultUri(ID, { path: '/a b/c&d', from: 7, bytes: 9 })), {
    id: ID,
    path: '/a b/c&d',
    from: 7,
    bytes: 9,
  });
  for (const query of ['from=-1', 'bytes=0', 'bytes=2000000', 'path=a', 'page=2'])
    assert.throws(() => parseResultUri(`${resultUri(ID)}?${query}`), /path=/);
});
