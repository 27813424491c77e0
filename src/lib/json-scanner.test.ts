import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findMember, hasTwins, JsonScanner, type ScannedMember } from './json-scanner.ts';
import { scanMembers } from './json-text.ts';

const scanner = new JsonScanner();

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

const cut = (text: string, member: ScannedMember): unknown =>
  JSON.parse(text.slice(member.valueStart, member.valueEnd));

const asObject = (text: string, members: readonly ScannedMember[]): unknown =>
  Object.fromEntries(members.map((member) => [member.key, cut(text, member)]));

/** The scanner says of `text` what JSON.parse says. */
function agree(text: string): boolean {
  const scan = scanner.scan(text);
  const parsed = parse(text);
  assert.equal(scan !== undefined, parsed !== undefined, `is it JSON? ${JSON.stringify(text)}`);
  if (scan === undefined || parsed === undefined) return false;
  const { value } = parsed;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  assert.equal(scan.kind, isObject ? 'object' : Array.isArray(value) ? 'array' : 'other');
  if (!isObject) {
    assert.deepEqual(scan.members, []);
    return true;
  }
  const byName = Object.fromEntries(Object.entries(value));
  assert.deepEqual(asObject(text, scan.members), byName);
  for (const member of scan.members) {
    const inner = cut(text, member);
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) assert.equal(member.inner, undefined);
    else assert.deepEqual(asObject(text, member.inner ?? []), Object.fromEntries(Object.entries(inner)));
  }
  return true;
}

const space = fc.constantFrom('', '', '', ' ', '\n', '\r\n\t ');
const name = fc.oneof(
  fc.constantFrom('"id"', '"result"', '"\\u0069d"', '"a"', '"日"', '"\u{1f600}"', '""', '"__proto__"'),
  fc.string().map((text) => JSON.stringify(text)),
);
const string = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => JSON.stringify(text)),
  fc
    .string({
      unit: fc.constantFrom('a', 'ü', '日', '\u{1f600}', '\\n', '\\u00e9', '\\"', '\\\\', '\ud800'),
      maxLength: 30,
    })
    .map((text) => `"${text}"`),
);
const { value: json } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('0', '-0', '1.50', '-12e+3', '1E-2', 'true', 'false', 'null', '{}', '[ ]', '12345678901234567890'),
    string,
    fc
      .array(
        fc.tuple(space, tie('value'), space).map((parts) => parts.join('')),
        { maxLength: 4 },
      )
      .map((all) => `[${all.join(',')}]`),
    fc
      .array(
        fc.tuple(space, name, space, fc.constant(':'), space, tie('value'), space).map((parts) => parts.join('')),
        { maxLength: 4 },
      )
      .map((all) => `{${all.join(',')}}`),
  ),
}));
const message = fc.tuple(space, json, json, space).map(([a, result, meta, b]) => {
  return `${a}{"jsonrpc":"2.0",${b}"id":7,"result":{"content":[${result}],"_meta":${meta}}}${b}`;
});
const insert = fc.oneof(
  fc.constantFrom(
    ...['"', '\\', '{', '}', '[', ']', ',', ':', ' ', '\n', '\0', '\x1f', '\x7f', '\u2028', '\ufeff', '\xa0'],
  ),
  fc.constantFrom(
    '0',
    '-',
    '+',
    '.',
    'e',
    'E',
    't',
    'nul',
    'u',
    '\\u12',
    'ü',
    '日',
    '\u{1f600}',
    '\ud800',
    '//',
    "'",
    'NaN',
  ),
);
const change = fc.record({ place: fc.nat(), drop: fc.nat(3), insert: fc.oneof(fc.constant(''), insert) });

describe('the scanner of JSON', () => {
  it('accepts what JSON.parse accepts, refuses what it refuses, and finds the same members', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.oneof(json, message), fc.array(change, { maxLength: 2 }), (text, changes) => {
        let mutated = text;
        for (const { place, drop, insert: added } of changes) {
          const at = place % (mutated.length + 1);
          mutated = mutated.slice(0, at) + added + mutated.slice(at + drop);
        }
        if (agree(mutated)) accepted++;
        else refused++;
      }),
      { numRuns: 20_000 },
    );
    assert.ok(accepted > 2_000 && refused > 2_000, `${accepted} accepted, ${refused} refused`);
  });

  it('does so for any characters at all', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'{}[]",:\\ 019-+.eEtrufalsn\n\t\x00\x1fü日'), maxLength: 12 });
    fc.assert(
      fc.property(noise, (text) => void agree(text)),
      { numRuns: 20_000 },
    );
    for (const text of [
      '',
      ' ',
      '1',
      '01',
      '-',
      '1.',
      '.5',
      '1e',
      '"',
      '"\\',
      '"\\u00',
      '{',
      '[',
      '{"a"',
      '[1,]',
      '{"a":1,}',
      '1 1',
    ])
      agree(text);
    for (let code = 0; code < 0x300; code++) {
      agree(`"${String.fromCharCode(code)}"`);
      agree(`"\\${String.fromCharCode(code)}"`);
      agree(`"abcdefgh${String.fromCharCode(code)}abcdefgh"`);
      agree(String.fromCharCode(code));
    }
  });

  it('sees a single bad or wide character wherever it stands in a long string', () => {
    for (const odd of ['\n', '\0', '\x1f', '\x7f', 'ü', '日', '\u{1f600}', '\\n', '\\x', '"'])
      for (let at = 0; at < 24; at++) agree(`{"a":{"b":"${'x'.repeat(at)}${odd}${'y'.repeat(24 - at)}"},"c":{"d":1}}`);
  });

  it('sees it in a very long one, too', () => {
    const odds = ['', '\n', '\0', 'ü', '日', '\\n', '\\"', '\\x', '\\\\', '\\\\"', '"'];
    for (const before of odds)
      for (const odd of odds)
        for (const at of [0, 1_000, 1_023, 1_024, 1_025, 2_500, 4_999, 5_000]) {
          const long = `${before}${'x'.repeat(at)}${odd}${'y'.repeat(5_000 - at)}`;
          agree(`{"a":{"b":"${long}"},"c":{"d":"${long}${odd}"}}`);
          agree(`{"a":{"b":"${long}`);
        }
  });

  it('may be given text nested as deep as it likes', () => {
    const depth = 200_000;
    assert.notEqual(scanner.scan(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`), undefined);
    assert.equal(scanner.scan(`{"a":${'['.repeat(depth)}${']'.repeat(depth - 1)}}`), undefined);
  });

  it('says where members stand as scanMembers does, and which of them stand twice', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, json), { maxLength: 12 }), (members) => {
        const text = `{${members.map(([key, value]) => `${key}: ${value}`).join(' ,')}}`;
        const found = scanner.scan(text)?.members ?? [];
        const keys = members.map(([key]) => JSON.parse(key) as string);
        assert.equal(hasTwins(found), new Set(keys).size < keys.length);
        if (hasTwins(found)) return;
        assert.deepEqual(
          found.map(({ inner, ...member }) => member),
          scanMembers(text),
        );
        for (const key of keys) assert.equal(findMember(found, key)?.key, key);
      }),
    );
  });

  it('takes the last of two members, as JSON.parse does', () => {
    const text = '{"a":1,"a":2}';
    const member = findMember(scanner.scan(text)?.members ?? [], 'a');
    assert.equal(member === undefined ? undefined : cut(text, member), 2);
  });
});
